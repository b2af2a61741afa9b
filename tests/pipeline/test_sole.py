"""A throttle that lets nothing through while another task sends, and little while nobody can be asked."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from datetime import timedelta

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.tenure import MemoryTenure, Seat
from worker.model.errors import UnavailableError
from worker.model.events import LimiterDegraded, LimiterRestored
from worker.model.rate import Rate, parse_rate
from worker.pipeline.sole import SoleThrottle, Terms
from worker.pipeline.tenancy import Tenancy
from worker.pipeline.throttle import Throttle

FULL, SAFE = parse_rate("10/s"), parse_rate("1/s")
AWAY = UnavailableError("away", code="Away")


class Task:
    """One task that sends as fast as it may."""

    def __init__(self, seat: Seat, rate: Rate = FULL) -> None:
        self.clock = LoopClock()
        self.tenure = MemoryTenure(seat, self.clock)
        self.events = RecordedTelemetry()
        self.tenancy = Tenancy(self.tenure, window=timedelta(seconds=1), clock=self.clock)
        throttle = Throttle(rate, guard=0.0, clock=self.clock)
        self.sole = SoleThrottle(
            "foo", throttle, self.tenancy, Terms(rate, SAFE), clock=self.clock, telemetry=self.events
        )
        self.sent: list[float] = []

    async def send(self) -> None:
        while True:
            await self.sole.wait()
            self.sole.take()
            self.sent.append(self.clock.monotonic())

    async def sending(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self.tenancy)
        stack.callback(asyncio.create_task(self.send()).cancel)

    def within(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.sent)


@virtual_time
async def test_only_one_of_two_sends_and_the_other_goes_on_after_it() -> None:
    """No window holds more than the limit across the handover."""
    seat = Seat()
    old, new = Task(seat), Task(seat)
    async with AsyncExitStack() as both:
        async with AsyncExitStack() as first:
            await old.sending(first)
            await asyncio.sleep(0.5)
            await new.sending(both)
            await asyncio.sleep(10)
            assert not new.sent
            assert new.sole.forecast(2.0) == 0
            assert new.sole.shut_for() == math.inf
            assert (old.sole.waits_for, new.sole.waits_for) == ("", "the right to send, which another task has")
        await asyncio.sleep(20)
    assert len(old.sent) >= 95
    assert new.sent[0] - old.sent[-1] >= 1
    assert new.sole.forecast(2.0) > 0


@virtual_time
async def test_a_right_that_is_lost_while_the_limit_is_waited_for_is_waited_for_again() -> None:
    """Another task has taken the seat when the window opens: nothing is sent until it leaves."""
    seat = Seat()
    task = Task(seat, parse_rate("1/min"))
    async with AsyncExitStack() as stack:
        await task.sending(stack)
        await asyncio.sleep(5)
        assert len(task.sent) == 1
        left = task.clock.now().timestamp() + 100
        seat.owner, seat.ends = "another", left
        await asyncio.sleep(99)
        assert len(task.sent) == 1
        await asyncio.sleep(10)
        assert len(task.sent) == 2


@virtual_time
async def test_the_last_holder_keeps_to_the_safe_share_while_nobody_can_be_asked() -> None:
    """From the end of its right on; when the table is back it goes on as before."""
    task = Task(Seat())
    async with AsyncExitStack() as stack:
        await task.sending(stack)
        await asyncio.sleep(2)
        task.tenure.faults.fail_next("claim", AWAY, times=12)
        began = task.clock.monotonic()
        await asyncio.sleep(30)
        assert task.sole.is_degraded
        assert 9 <= task.within(began + 20, began + 30) <= 11
        assert task.sole.steady(10.0) == 10.0
        assert not task.sole.is_idle(task.clock.monotonic())
        await asyncio.sleep(60)
        assert not task.sole.is_degraded
    [degraded], [restored] = task.events.of(LimiterDegraded), task.events.of(LimiterRestored)
    assert (degraded.vendor, degraded.reason) == ("foo", "Away")
    assert 30 <= restored.seconds <= 50
    windows = [task.within(at, at + 1.0) for at in task.sent]
    assert max(windows) <= 10


@virtual_time
async def test_it_is_asked_as_any_other() -> None:
    """What is wanted, adaptive, idle: the throttle says."""
    task = Task(Seat())
    async with task.tenancy:
        await task.tenancy.opened()
        task.sole.wanted += 3
        assert (task.sole.wanted, task.sole.ahead, task.sole.factor) == (3, 0, 1.0)
        assert not task.sole.is_idle(task.clock.monotonic())
        task.sole.wanted = 0
        assert task.sole.is_idle(task.clock.monotonic())
        task.sole.throttled(task.clock.monotonic())
        assert task.sole.factor == 1.0
