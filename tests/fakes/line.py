"""One vendor's line on fakes: queue, dead letters, vendor, pipeline; for tests of the whole pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import LoopClock
from tests.fakes.queue import MemoryQueue
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.vendor import ScriptedVendor
from worker.model.disposition import Policy
from worker.model.errors import OverdueError
from worker.model.naming import Naming
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.dedup import Mode
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Gate, Limits
from worker.pipeline.permits import Look
from worker.pipeline.pipeline import Pipeline, Plan
from worker.pipeline.settler import Ports
from worker.pipeline.stop import Stop
from worker.ports import Attempts, Ledger, Publications
from worker.supervisor import Lane, Polls, Supervisor, Times

TICK = 0.05  # virtual seconds


@dataclass
class Line:
    """Everything of one vendor; `async with line.running()` runs it under the real supervisor."""

    vendor: ScriptedVendor = field(default_factory=ScriptedVendor)
    limits: Limits = field(default_factory=lambda: Limits(concurrency=10))
    rules: Rules = field(default_factory=lambda: Rules(Policy()))
    visibility: timedelta = timedelta(seconds=60)
    look_ahead: float = 2.0
    receivers: int = 1
    payload: Any = dict[str, Any]
    blobs: MemoryBlobs | None = None
    publications: Publications | None = None
    dedup: Mode | None = None
    ledger: Ledger | None = None
    times: Times = field(default_factory=lambda: Times(grace=20, poll=20, flush=5))
    queues: tuple[MemoryQueue, MemoryQueue] | None = None  # that are there already, and their dead letters
    limit: Naming | None = None  # of `limits`, one for each value
    secret: Naming | None = None
    attempts: Attempts | None = None  # of a table; None: in this process's memory
    longest: float | None = None  # seconds of one vendor request

    def __post_init__(self) -> None:
        self.clock = LoopClock()
        self.queue, self.dead = self.queues or self._new_queues()
        self.events = RecordedTelemetry()
        self.stop = Stop()
        self.gate = Gate("foo", self.limits, clock=self.clock, telemetry=self.events)
        self.beats = 0
        self.pipeline = self._pipeline()

    def _new_queues(self) -> tuple[MemoryQueue, MemoryQueue]:
        dead = MemoryQueue(self.clock)
        return MemoryQueue(self.clock, visibility=self.visibility, dead_letters=dead), dead

    def _pipeline(self) -> Pipeline:
        look = Look(self.look_ahead, self.limits.concurrency, self.receivers)
        return Pipeline(
            Plan(
                "foo",
                look,
                self.rules,
                self.visibility,
                self.payload,
                dedup=self.dedup,
                longest=self.longest,
                limit=self.limit,
                secret=self.secret,
            ),
            self.vendor,
            Ports(self.queue, self.queue, self.dead, self.publications, self.blobs, self.ledger),
            self.gate,
            self.attempts or MemoryAttempts(self.clock),
            clock=self.clock,
            telemetry=self.events,
            beat=self._beat,
        )

    def _beat(self) -> None:
        self.beats += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run it; leaving the block asks for the stop and waits for the end."""
        task = asyncio.create_task(self.run())
        try:
            yield task
        finally:
            if not self.stop.stopping.is_set():
                self.stop.ask("test")
            await task

    async def run(self) -> None:
        """Run it until the stop."""
        try:
            async with asyncio.TaskGroup() as polling:
                lane = Lane(self.pipeline, Polls("foo", self.queue, polling, self.events))
                await Supervisor(self.stop, self.times, clock=self.clock, telemetry=self.events).run([lane])
        except* OverdueError as overdue:
            raise overdue.exceptions[0] from None

    async def drained(self) -> None:
        """Return once the queue is empty."""
        await self.until(lambda: not len(self.queue), every=1)

    async def until(self, holds: Callable[[], object], *, every: float = TICK) -> None:
        """Return once something holds; virtual seconds cost nothing."""
        while not holds():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(every)
