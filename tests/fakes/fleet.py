"""A fleet of tasks that keep one limit, with clocks, processes and a table that can be in trouble."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, TypeVar

from tests.fakes.clock import EPOCH, LoopClock
from tests.fakes.processes import Process, outside, run
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.windows import most_within
from worker.model.errors import UnavailableError
from worker.model.events import LimiterAsked
from worker.model.pacing import SKEW, Pacing, pacing
from worker.model.rate import Rate, parse_rate
from worker.model.reservation import Ask, LimitNews, LimitState, Reservation
from worker.pipeline.fellows import Fellows
from worker.pipeline.fleet import FleetThrottle, Share
from worker.pipeline.reservations import MemoryReservations

T = TypeVar("T")

GUARD = 0.02

Trouble = tuple[
    float, Literal["away", "kill", "start", "freeze", "idle"], int, float
]  # after seconds, who, for how long


@dataclass
class TaskClock:
    """A task's own clocks: the monotonic one begins anywhere, the wall is off by `skew` seconds."""

    skew: float = 0.0
    begins: float = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.begins

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=asyncio.get_running_loop().time() + self.skew)


class Table:
    """One limit's item, and the way to it: slow, and now and then away."""

    def __init__(self, chance: random.Random, latency: tuple[float, float] = (0.002, 0.02)) -> None:
        self.calls = 0
        self.hanging = 0.5  # of the calls that fail: they hang; the others raise
        self.error: Exception = UnavailableError("away", code="Away")
        self._item = MemoryReservations(LoopClock())
        self._chance = chance
        self._latency = latency
        self._away_until = 0.0

    def away(self, seconds: float) -> None:
        """From now on for so long, for all tasks."""
        self._away_until = asyncio.get_running_loop().time() + seconds

    async def ask(self, work: Callable[[MemoryReservations], Coroutine[Any, Any, T]]) -> T:
        """One call of one task."""
        self.calls += 1
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        outside(self._half(), self._serve, work, answer)
        return await answer

    def _serve(self, work: Callable[[MemoryReservations], Coroutine[Any, Any, T]], answer: asyncio.Future[T]) -> None:
        if asyncio.get_running_loop().time() >= self._away_until:
            outside(self._half(), _answer, answer, _result(work(self._item)))
        elif self._chance.random() >= self.hanging:
            outside(self._half(), _answer, answer, self.error)

    def _half(self) -> float:
        return self._chance.uniform(*self._latency) / 2


def _result(work: Coroutine[Any, Any, T]) -> T:
    """Of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


def _answer(answer: asyncio.Future[T], value: T | Exception) -> None:
    if answer.done():
        return
    if isinstance(value, Exception):
        answer.set_exception(value)
    else:
        answer.set_result(value)


@dataclass
class Way:
    """One task's way to the table (port `Reservations`)."""

    table: Table

    async def reserve(self, ask: Ask) -> Reservation:
        return await self.table.ask(lambda item: item.reserve(ask))

    async def tell(self, news: LimitNews) -> None:
        await self.table.ask(lambda item: item.tell(news))

    async def state(self) -> LimitState:
        return await self.table.ask(lambda item: item.state())


@dataclass
class Sender:
    """One task: as long as it has work, requests for `hand` tokens wait for their turn."""

    throttle: FleetThrottle
    clock: TaskClock
    telemetry: RecordedTelemetry
    hand: int
    cost: Callable[[], int] = lambda: 1
    process: Process = field(default_factory=Process)
    sent: list[float] = field(default_factory=list)  # the instant of each token
    closings: list[float] = field(default_factory=list)  # that it was told of
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _busy: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_alive(self) -> bool:
        return any(not task.done() for task in self._running)

    def start(self) -> None:
        self._busy.set()
        self._running = [self.process.start(self.throttle.keep()), self.process.start(self._send())]

    def kill(self) -> None:
        for task in self._running:
            task.cancel()

    def freeze(self, seconds: float) -> None:
        self.process.frozen_until = asyncio.get_running_loop().time() + seconds

    def idle(self, seconds: float) -> None:
        """It has no work for so long."""
        self._busy.clear()
        outside(seconds, self._busy.set)

    async def _send(self) -> None:
        while True:
            self.throttle.wanted = 0
            await self._busy.wait()
            cost = self.cost()
            self.throttle.wanted = max(cost, self.hand)
            await self.throttle.wait(cost)
            self.throttle.take(cost)
            self.sent += [asyncio.get_running_loop().time()] * cost


class Fleet:
    """Tasks in the order of their start; each has work for two seconds in hand."""

    def __init__(self, share: Share, chance: random.Random, *, latency: tuple[float, float] = (0.002, 0.02)) -> None:
        self.share = share
        self.table = Table(chance, latency)
        self.tasks: list[Sender] = []
        self._fellows = Fellows(share.max_tasks)
        self._chance = chance

    def start(self, *, skew: float = 0.0, hand: int | None = None, cost: Callable[[], int] = lambda: 1) -> Sender:
        """One more."""
        clock, telemetry, closings = TaskClock(skew, self._chance.uniform(0, 1e6)), RecordedTelemetry(), []
        throttle = FleetThrottle(
            self.share,
            Way(self.table),
            clock=clock,
            telemetry=telemetry,
            closed=closings.append,
            fellows=self._fellows,
            chance=self._chance.random,
        )
        two_seconds = max(1, round(2 * self.share.rate.per_second / self.share.max_tasks))
        task = Sender(throttle, clock, telemetry, hand or two_seconds, cost, closings=closings)
        self.tasks.append(task)
        task.start()
        self._fellows.count = len(self.alive)
        return task

    @property
    def alive(self) -> Sequence[Sender]:
        return [task for task in self.tasks if task.is_alive]

    @property
    def sent(self) -> list[float]:
        return sorted(instant for task in self.tasks for instant in task.sent)

    async def live_through(self, troubles: Sequence[Trouble], start: Callable[[], object]) -> None:
        """One after the other; where there is nobody to whom it could happen, it does not."""
        for pause, trouble, who, seconds in troubles:
            await asyncio.sleep(pause)
            alive = self.alive
            if trouble == "away":
                self.table.away(seconds)
            elif trouble == "start" and len(alive) < self.share.max_tasks:
                start()
            elif trouble != "start" and alive:
                self._happen(trouble, alive[who % len(alive)], seconds)

    def _happen(self, trouble: str, task: Sender, seconds: float) -> None:
        match trouble:
            case "kill":
                task.kill()
            case "freeze":
                task.freeze(seconds)
            case _:
                task.idle(seconds)

    async def stop(self) -> None:
        """Of all tasks; raises what one of them has died of."""
        running = [task for sender in self.tasks for task in sender._running]
        for task in running:
            task.cancel()
        for died in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(died, Exception):
                raise died


def keeps(rate: Rate, sent: list[float]) -> bool:
    """Whether no window, stretched by the guard and both its ends counted, holds more than its limit."""
    return all(most_within(sent, window.seconds + GUARD) <= window.limit for window in rate.windows)


def tightest(rate: Rate) -> float:
    """What the guarded windows allow in a second."""
    return min(window.limit / (window.seconds + GUARD) for window in rate.windows)


@dataclass
class Seen:
    """What a fleet that always had work did: `use` is of what the guarded windows allow."""

    fleet: Fleet
    pacing: Pacing
    began: float

    def use(self, since: float, until: float) -> float:
        sent = [instant for instant in self.fleet.sent if self.began + since <= instant < self.began + until]
        return len(sent) / (until - since) / tightest(self.fleet.share.rate)

    @property
    def answers(self) -> Counter[str]:
        """What came of the calls of the table."""
        return Counter(event.answer for task in self.fleet.tasks for event in task.telemetry.of(LimiterAsked))

    def longest_gap(self, since: float) -> float:
        sent = [instant for instant in self.fleet.sent if instant >= self.began + since]
        return max(after - before for before, after in pairwise(sent))


def watch(
    text: object, tasks: int, seconds: float, *, max_tasks: int | None = None, away: tuple[float, float] | None = None
) -> Seen:
    """A fleet whose clocks differ as they may; the table is `away` from then for so long."""

    async def live() -> Seen:
        chance = random.Random(1)
        share = Share("foo", parse_rate(text), GUARD, max_tasks or tasks)
        fleet = Fleet(share, chance)
        began = asyncio.get_running_loop().time()
        for _ in range(tasks):
            fleet.start(skew=chance.uniform(-SKEW, SKEW))
        if away:
            await asyncio.sleep(away[0])
            fleet.table.away(away[1])
        await asyncio.sleep(seconds - (away[0] if away else 0.0))
        await fleet.stop()
        return Seen(fleet, pacing(share.rate, guard=GUARD, max_tasks=share.max_tasks), began)

    seen = run(live())
    assert keeps(seen.fleet.share.rate, seen.fleet.sent)
    return seen
