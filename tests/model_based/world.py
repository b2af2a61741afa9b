"""All that outlives a process: the queues, the topic, the table, the vendor's mood, and time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TypeVar

from tests.fakes.clock import LoopClock
from tests.fakes.ledger import SharedLedger, Table
from tests.fakes.line import Line
from tests.fakes.loop import VirtualLoop
from tests.fakes.queue import MemoryQueue
from tests.model_based.answers import Answers
from tests.model_based.door import Door
from tests.model_based.hand import Hand
from tests.model_based.log import Log
from tests.model_based.ports import LedgerDoor, Topic, TopicDoor
from tests.model_based.process import TIMES, Process
from tests.model_based.setting import MAX_ATTEMPTS, RECEIVES, VISIBILITY, Setting
from tests.model_based.troubles import Troubles
from tests.model_based.vendor import MoodyVendor
from worker.model.disposition import Policy
from worker.model.message import Outgoing
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Limits
from worker.pipeline.throttle import Throttle
from worker.ports import LedgerKey

T = TypeVar("T")

_LONG = timedelta(days=365)
_BUDGET = 60.0  # seconds of a long job in hand
_LONGEST = 2 * 86_400.0  # seconds that a queue may take to be drained: an answer that hangs takes 14 hours


class World:
    """Drives a virtual loop from outside: nothing moves but within `go` and `tick`."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(lambda _, context: self.log.break_promise(f"nobody caught: {context}"))
        self.clock = LoopClock()
        self.log = Log(self.loop.time)
        self.troubles = Troubles()
        self.answers = Answers()
        self.topic = Topic()
        self.table = Table()
        self.known: dict[LedgerKey, float] = {}  # since when each delivery is known to the table
        self.published: Counter[str] = Counter()  # by key
        self.unreadable: set[str] = set()  # keys of what no adapter gets
        self.followed: set[str] = set()  # keys of what publishes when it is delivered
        self.handed_out_twice = False
        self.dead = MemoryQueue(self.clock, name="dead")
        self.queue = MemoryQueue(
            self.clock, visibility=VISIBILITY, dead_letters=self.dead, max_receive_count=RECEIVES, name="m"
        )
        self.processes: list[Process] = []
        self._attempts = MemoryAttempts(self.clock)

    @property
    def now(self) -> float:
        """Loop's seconds."""
        return self.loop.time()

    @property
    def running(self) -> list[Process]:
        """Processes that have not ended."""
        return [process for process in self.processes if not process.is_over]

    def go(self, seconds: float) -> None:
        """Let virtual time go by."""
        self._run(asyncio.sleep(seconds))

    def tick(self, turns: int) -> None:
        """Let the loop turn so often, in which no time goes by."""

        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self._run(turn())

    def put(self, outgoing: Outgoing) -> str:
        """Publish a message, as a caller does; returns its key."""

        async def put() -> str:
            await self.queue.send([outgoing])
            return self.log.published(self.queue.stored[-1])

        key = self._run(put())
        self.published[key] += 1
        return key

    def duplicate(self, number: int, after: timedelta) -> None:
        """SQS hands out one of its messages once more."""
        if stored := self.queue.stored:
            self.handed_out_twice = True
            self.within(lambda: self.queue.duplicate(stored[number % len(stored)].id, after))

    def expire(self, number: int) -> None:
        """The visibility of one of its messages ends before its time."""
        if held := [stored.receipt for stored in self.queue.stored if stored.receipt]:
            self.handed_out_twice = True
            self.within(lambda: self.queue.expire(held[number % len(held)]))

    def stall(self, seconds: float) -> None:
        """All processes stand still."""
        self.loop.stall(seconds)
        self.log.froze(self.now - seconds, self.now)

    def start(self) -> None:
        """Start another process."""

        async def start() -> None:
            self.processes.append(self._process(f"p{len(self.processes) + 1}"))

        self._run(start())

    def within(self, act: Callable[[], object]) -> None:
        """Call something that needs the running loop."""

        async def call() -> None:
            act()

        self._run(call())

    def seen(self, look: Callable[[World], T]) -> T:
        """What somebody sees who looks now."""

        async def see() -> T:
            return look(self)

        return self._run(see())

    def drain(self) -> None:
        """All is well again: run until the queue is empty, then stop all."""
        self.troubles.end()
        self.answers.end()
        until = self.now + _LONGEST
        while len(self.queue) and self.now < until:
            if all(process.asked_at is not None for process in self.running):
                self.start()
            self.go(60)
        for process in self.running:
            self.within(process.stop)
        self.go(TIMES.most + 60)

    def close(self) -> None:
        """End whatever still runs, and the loop."""
        try:
            for process in self.running:
                self.within(process.kill)
            self.go(120)
            self._run(_end_the_rest())
            self._run(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def _run(self, coroutine: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def _process(self, who: str) -> Process:
        hand = Hand(who, self.log, self.troubles)
        self.log.living.add(who)
        setting = self.setting
        vendor = MoodyVendor(hand, self.answers, setting)
        line = Line(
            vendor=vendor,
            limits=self._limits(),
            rules=self._rules(),
            visibility=VISIBILITY,
            receivers=setting.receivers,
            publications=TopicDoor(hand, self.topic),
            dedup=setting.dedup,
            ledger=LedgerDoor(hand, SharedLedger(self.table, who, self.clock), self.known),
            times=TIMES,
            longest=setting.longest,
            queues=(
                Door(hand, self.queue, sending="send", visibility=VISIBILITY),
                Door(hand, self.dead, sending="bury", visibility=VISIBILITY),
            ),
            attempts=self._attempts if setting.remembers else None,
        )
        task = self.loop.create_task(line.run())
        task.add_done_callback(lambda ended: (self.log.living.discard(who), ended.exception()))
        return Process(hand, line, vendor, task)

    def _limits(self) -> Limits:
        setting = self.setting
        throttle = Throttle(setting.rate, guard=0.0, clock=self.clock) if setting.rate else None
        return Limits(setting.concurrency, throttle, setting.rate_per_key)

    def _rules(self) -> Rules:
        setting = self.setting
        # MemoryAttempts counts the time that one gate was closed; shared by several it would count too much.
        give_up_after = _LONG if setting.remembers else timedelta(hours=6)
        bury_ambiguous = setting.bury_ambiguous and not setting.idempotent
        return Rules(Policy(MAX_ATTEMPTS, give_up_after, bury_ambiguous), receives=RECEIVES, budget=_BUDGET)


async def _end_the_rest() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
