"""What a request must pass before it is sent: pause, breaker, cooldown, per-key rate, the limit, concurrency."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace

from worker.model.events import GateClosed
from worker.model.outcome import Outcome
from worker.model.pacing import LONGEST
from worker.model.rate import Rate
from worker.model.task import Standing
from worker.pipeline.closed import ClosedError
from worker.pipeline.closings import Closings
from worker.pipeline.door import Door
from worker.pipeline.keyrates import KeyRates
from worker.pipeline.lately import Lately
from worker.pipeline.limiter import Limiter, Limiters, OneLimit
from worker.pipeline.pacer import Pacer
from worker.pipeline.passage import Passage
from worker.pipeline.way import ANY, Way
from worker.ports import Clock, Telemetry

Aside = Callable[[], AbstractContextManager[bool]]  # where one waits who waits alone; it tells whether it is crowded


@contextmanager
def _in_place() -> Iterator[bool]:
    yield False


@dataclass(frozen=True, slots=True)
class Limits:
    """What an entry of the topology says about its limits."""

    concurrency: int
    throttle: Pacer | None = None
    rate_per_key: Rate | None = None
    guard: float = 0.0  # seconds
    patience: float = 60.0  # seconds that a message is held for the whole vendor; beyond, it goes back to the queue
    key_patience: float = 5.0  # the same for what is its own key's only: it waits aside, and there is room for few
    paused: bool = False  # nothing is received at all
    limiters: Limiters | None = None  # instead of `throttle`: limits that it shares, or one for each value of a field


class Gate:
    """Admits requests in the order of their coming; owned by one pipeline, and outlives its crashes."""

    def __init__(self, vendor: str, limits: Limits, *, clock: Clock, telemetry: Telemetry) -> None:
        self._limits = limits
        self._clock = clock
        self._limiters = limits.limiters or OneLimit(Limiter(limits.throttle))
        self._rates = KeyRates(limits.rate_per_key, limits.guard) if limits.rate_per_key else None
        self._turn = asyncio.Lock()  # for a connection, where all requests have one limit
        self._connections = asyncio.Semaphore(limits.concurrency)
        self.sending = 0  # requests in the air
        self.requests = 0  # that have left, in all
        self.latency = 0.0  # seconds of a request, a moving mean; 0: none was made yet
        self._lately = Lately()
        if limits.paused:
            telemetry.emit(GateClosed(vendor, "vendor", "paused", 0.0))
        self.moved = asyncio.Event()  # set when a request is admitted or ends, or the gate opens: permits look again
        self._closings = Closings(vendor, self._limiters, self.moved, clock=clock, telemetry=telemetry)

    async def admit(self, way: Way = ANY, aside: Aside = _in_place) -> Passage:
        """Wait for a turn; the request must leave as soon as this returns.

        For what others need not wait for it waits in `aside`. Raises ClosedError where the wait would be longer than
        the limits' patience.
        """
        while True:
            way = await self._opened(way, aside)
            limiter = self._limiters.of(way.limit)
            with limiter.wanted(way.cost):
                if self._limiters.only:
                    passage = await self._in_turn(way, limiter)
                else:
                    passage = await self._in_own_turn(way, limiter, aside)
            if passage:
                return passage

    async def _opened(self, way: Way, aside: Aside) -> Way:
        """Wait, out of the queue, until all is open; returns the way of one that has had its own turn."""
        await self._until_open(self._closings.whole, self._limits.patience)
        if not self.bars(way):
            return way
        with aside() as crowded:
            patience = self._patience(crowded or len(way.scopes) > 1)  # who waits for one key keeps up the others
            await self._until_open(self._closings.own(way), patience)
            return await self._until_its_turn(way, patience)

    def _patience(self, in_a_hurry: bool) -> float:
        return 0.0 if in_a_hurry else self._limits.key_patience

    def bars(self, way: Way) -> bool:
        """Whether something closes this request's way that does not close everybody's, so that others need not wait."""
        now = self._clock.monotonic()
        return any(not door.may_pass(now) for door in self._closings.own(way)) or self._turn_of(way, now) > now

    async def _until_open(self, doors: Iterable[Door], patience: float) -> None:
        for door in doors:
            while not door.may_pass(now := self._clock.monotonic()):
                self._endure(door.shut_for(now), patience)
                await door.change(now)

    async def _until_its_turn(self, way: Way, patience: float) -> Way:
        while self._rates and (wait := self._turn_of(way, now := self._clock.monotonic()) - now) > 0:
            self._endure(wait, patience)
            with self._rates.awaited(way.scopes):
                await asyncio.sleep(wait)
            way = replace(way, again=True)
        return way

    def _turn_of(self, way: Way, now: float) -> float:
        if self._rates is None:
            return 0.0
        return self._rates.opens_at(way.scopes, now) if way.again else self._rates.turn(way.scopes, now)

    def _endure(self, seconds: float, patience: float) -> None:
        if seconds > patience:
            raise ClosedError(seconds)

    async def _in_turn(self, way: Way, limiter: Limiter) -> Passage | None:
        """The first of them waits for a connection, and only then for a limit that other entries may share."""
        async with self._turn:
            self._endure(limiter.shut_for(self._clock.monotonic()), self._limits.patience)
            return await self._connected(way, limiter, limiter.turn)

    async def _in_own_turn(self, way: Way, limiter: Limiter, aside: Aside) -> Passage | None:
        """The limit is its own: it waits for that aside, and only then for a connection, which others need."""
        with ExitStack() as beside:
            patience = self._patience(beside.enter_context(aside()))
            self._endure(limiter.too_long(way, patience, self._clock.monotonic()), 0.0)
            async with limiter.turn:
                if limiter.pacer:
                    await limiter.pacer.wait(way.cost)
                beside.close()
                return await self._connected(way, limiter, nullcontext())

    async def _connected(self, way: Way, limiter: Limiter, turn: AbstractAsyncContextManager[None]) -> Passage | None:
        """With a connection in hand, up to the instant of sending; None: something has closed meanwhile."""
        await self._connections.acquire()
        passage = None
        try:
            async with turn:
                if limiter.pacer:
                    limiter.pacer.room = self._limits.concurrency - self.sending
                    await limiter.pacer.wait(way.cost)
                passage = self._pass(way, limiter)
        finally:
            if passage is None:
                self._connections.release()
        return passage

    def _pass(self, way: Way, limiter: Limiter) -> Passage | None:
        """The instant of sending: all that was open when we queued must still be."""
        now = self._clock.monotonic()
        doors = [*self._closings.whole, *self._closings.own(way)]
        rated = self._rates is not None and self._rates.opens_at(way.scopes, now) > now
        if rated or not all(door.may_pass(now) for door in doors):
            return None
        if self._rates:
            for key in way.scopes:
                self._rates.take(key, now)
        if limiter.pacer:
            limiter.pacer.take(way.cost)
        limiter.turns.seen(now)
        probed = [door for door in doors if door.probe()]
        if limiter.fleet and any(door is limiter.door for door in probed):
            limiter.fleet.probing()
        return Passage(self, limiter, probed, self._clock)

    def put_off(self, way: Way) -> float | None:
        """Seconds after which a request that was refused is to come again, if there is a time that is its own.

        Each has another: those of one key, or of one limit by value, come one after the other.
        """
        now, only = self._clock.monotonic(), self._limiters.only
        if self.shut_for() > 0 or self._closings.keys_shut_for(way.keys - way.scopes) > 0:
            return None
        if only and only.shut_for(now) > self._limits.patience:
            return None
        opens_at = now + self._closings.keys_shut_for(way.scopes)
        if self._rates and max(opens_at, self._turn_of(way, now)) > now:
            return self._rates.give(way.scopes, now, opens_at) - now
        return None if only or opens_at > now else self._limiters.of(way.limit).put_off(way.cost, now)

    @property
    def throttle(self) -> Pacer | None:
        """The vendor's limit; None: it has none, or one for each value of a field."""
        return self._limiters.only.pacer if self._limiters.only else None

    def entered(self) -> None:
        """A request leaves."""
        self.sending += 1
        self.requests += 1
        self._lately.add(self._clock.monotonic())
        if self.throttle:  # one less waits for it
            self.moved.set()

    def left(self, seconds: float) -> None:
        """A request that left so many seconds ago has its reply, or will have none."""
        self.sending -= 1
        self.latency = seconds if not self.latency else self.latency + 0.1 * (seconds - self.latency)
        self._connections.release()

    def observe(self, outcomes: Sequence[Outcome], passage: Passage) -> None:
        """Learn from what the vendor said."""
        self._closings.observe(outcomes, passage)

    def shut_for(self, way: Way = ANY) -> float:
        """Seconds for which nothing can be sent this way; of any way: nothing received for this vendor at all."""
        return math.inf if self._limits.paused else self._closings.shut_for(way)

    @property
    def ajar(self) -> bool:
        """Whether only a probe may pass."""
        return self._closings.ajar

    def closed_seconds(self) -> float:
        """Seconds that the whole vendor was closed, in all."""
        return self._closings.seconds()

    def standing(self, rate: Rate | None) -> Standing:
        """How it stands with its limit, for people; `rate`: the entry's."""
        now, only = self._clock.monotonic(), self._limiters.only
        pacer, door = (only.pacer if only else None), self._closings.shut_door(now)
        windows = [window for window in rate.windows if window.seconds <= LONGEST] if rate else []
        return Standing(
            used=tuple(self._lately.within(window.seconds, now) for window in windows),
            per_second=pacer.steady(1.0) if pacer else None,
            factor=pacer.factor if pacer else 1.0,
            waiting=only.waiting if only else 0,
            sending=self.sending,
            closed="paused" if self._limits.paused else door.reason if door else "",
            closed_seconds=door.shut_for(now) if door else 0.0,
            degraded=bool(pacer and pacer.is_degraded),
            ahead=pacer.ahead if pacer else 0,
            waits_for=pacer.waits_for if pacer else "",
        )
