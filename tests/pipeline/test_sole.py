"""A throttle that lets nothing through while another task sends, and little while nobody can be asked."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.tenure import MemoryTenure, Seat
from worker.model.errors import UnavailableError
from worker.model.events import LimiterDegraded, LimiterRestored, PipelineCrashed
from worker.model.rate import Rate, parse_rate
from worker.pipeline.gate import Limits
from worker.pipeline.limiter import LimitByValue, Limiter, OneLimit
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
        left = task.clock.now().timestamp() + 80
        seat.owner, seat.ends = "another", left
        await asyncio.sleep(79)
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


def lost_to_another(task: Task, seconds: float) -> None:
    """Another task has the right from now on, for so long."""
    seat = task.tenure.seat
    seat.owner, seat.ends = "another", task.clock.now().timestamp() + seconds


@pytest.mark.parametrize("is_one", [True, False])
@virtual_time
async def test_what_a_poll_brings_after_the_right_was_lost_goes_back(is_one: bool) -> None:
    """It comes again once the right is back, whether there is one limit or one for each value."""
    task = Task(Seat())
    limiters = OneLimit(Limiter(task.sole)) if is_one else LimitByValue(lambda _: Limiter(task.sole), lambda: 0.0)
    line = Line(limits=Limits(10, limiters=limiters))
    async with task.tenancy, line.running():
        held = line.queue.faults.hold("receive")
        await asyncio.sleep(1)
        lost_to_another(task, 300)
        await asyncio.sleep(10)
        line.queue.put("{}", "{}", "{}")
        held.set()
        await line.until(lambda: line.queue.in_flight)
        await asyncio.sleep(1)
        assert not line.pipeline.held
        await line.drained()
    assert len(line.vendor.sent) == 3
    assert not line.events.of(PipelineCrashed)


@virtual_time
async def test_what_waits_for_a_right_that_was_lost_goes_back() -> None:
    """The other task sends it; here it would be held for as long as that one has the right."""
    task = Task(Seat())
    line = Line(limits=Limits(2, limiters=OneLimit(Limiter(task.sole))))
    async with task.tenancy, line.running():
        line.queue.put(*["{}"] * 400)
        await asyncio.sleep(3)
        lost_to_another(task, 3600)
        await asyncio.sleep(10)
        assert line.pipeline.held
        await asyncio.sleep(60)
        assert not line.pipeline.held
