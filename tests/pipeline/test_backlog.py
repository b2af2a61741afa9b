"""A backlog that takes long: nothing is received that cannot be sent soon, so nothing is worn out by waiting."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.queue import MemoryQueue
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.vendor import ScriptedVendor
from worker.model.events import MessageSettled
from worker.model.rate import parse_rate
from worker.pipeline.fleet import FleetThrottle, Share
from worker.pipeline.gate import Limits
from worker.pipeline.reservations import MemoryReservations

pytestmark = pytest.mark.no_cover  # what is covered here is covered elsewhere; measuring it takes long

RATE = parse_rate("1/s")
WAITING = 1_000  # a quarter of an hour: far longer than they would be hidden
VISIBILITY = timedelta(seconds=7)  # the least that `check` allows: who holds too much loses it soon


class Crew:
    """Tasks at one queue, under one limit."""

    def __init__(self, tasks: int, waiting: int = WAITING) -> None:
        clock = LoopClock()
        self.dead = MemoryQueue(clock)
        self.queue = MemoryQueue(clock, visibility=VISIBILITY, dead_letters=self.dead)
        self.queue.put(*["{}"] * waiting)
        self._reservations = MemoryReservations(clock)
        self.throttles = [self._throttle(clock, tasks) for _ in range(tasks)]
        self.lines = [self._line(throttle) for throttle in self.throttles]

    def _throttle(self, clock: LoopClock, tasks: int) -> FleetThrottle:
        share = Share("foo", RATE, 0.02, tasks)
        return FleetThrottle(share, self._reservations, clock=clock, telemetry=RecordedTelemetry())

    def _line(self, throttle: FleetThrottle) -> Line:
        return Line(
            vendor=ScriptedVendor(latency=0.2),
            limits=Limits(concurrency=10, throttle=throttle),
            visibility=VISIBILITY,
            queues=(self.queue, self.dead),
        )

    async def drain(self) -> None:
        keeping = [asyncio.create_task(throttle.keep()) for throttle in self.throttles]
        async with AsyncExitStack() as stack:
            for line in self.lines:
                await stack.enter_async_context(line.running())
            await self.lines[0].drained()
        for each in keeping:
            each.cancel()

    @property
    def receive_counts(self) -> list[int]:
        """Of what was delivered, at its delivery."""
        settled = (event for line in self.lines for event in line.events.of(MessageSettled))
        return [event.receive_count for event in settled if event.disposition == "Delete"]


@pytest.mark.parametrize("tasks", [1, 8])
@virtual_time
async def test_what_waits_for_long_is_received_once(tasks: int) -> None:
    """At 1/s: the receive count at the delivery is 1 in 99 of 100 and more, and none is buried.

    Slow, some seconds: the queue in memory looks at all that waits at each receive.
    """
    crew = Crew(tasks)
    await crew.drain()
    counts = crew.receive_counts
    assert len(counts) == WAITING
    assert counts.count(1) >= 0.99 * WAITING
    assert not len(crew.dead)
