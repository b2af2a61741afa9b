"""What a task reports, when, and that no trouble with it reaches the work; in virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.reports import MemoryReports
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.vendor import ScriptedVendor
from worker import __version__
from worker.app.reporting import Reporting
from worker.model.errors import OverdueError, RefusedError, UnavailableError
from worker.model.events import TableCallFailed
from worker.model.message import VendorName
from worker.model.outcome import Delivered, RetryAfter
from worker.model.task import TaskReport
from worker.pipeline.fellows import Fellows

AWAY = [UnavailableError("x", code="ConnectTimeoutError"), RefusedError("x", code="AccessDeniedException")]


class Task:
    """A task with vendors of these names, which nobody drains unless a test does."""

    def __init__(self, *names: str, line: Line | None = None) -> None:
        self.clock = LoopClock()
        self.line = line or Line()
        self.reports = MemoryReports(self.clock)
        self.events = RecordedTelemetry()
        self.fellows = Fellows(4)
        pipelines = [self.line.pipeline, *(Line().pipeline for _ in names[1:])]
        for name, pipeline in zip(names, pipelines, strict=True):
            pipeline.name = name
        self.reporting = Reporting(
            "task-1", pipelines, self.reports, fellows={"foo": self.fellows}, clock=self.clock, telemetry=self.events
        )

    @property
    def calls(self) -> int:
        return self.reports.faults.calls["tell"]

    async def told(self, name: str = "foo") -> TaskReport:
        """Its last report for a vendor."""
        [report] = await self.reports.of(VendorName(name))
        return report


@virtual_time
async def test_it_counts_the_tasks_that_report() -> None:
    """For limits that they share: itself at least, and nobody whose last report is a minute old."""
    task = Task("foo")
    other = TaskReport("task-2", VendorName("foo"), 0, 0, 0.0, 0.0, __version__, task.clock.now())
    await task.reports.tell([other])
    async with task.reporting:
        await asyncio.sleep(1)
        assert task.fellows.count == 2
        await asyncio.sleep(80)
        assert task.fellows.count == 1


@virtual_time
async def test_it_reports_at_once_and_then_each_fifteen_seconds() -> None:
    """A minute has five, and one more says that it is over."""
    task = Task("foo")
    async with task.reporting:
        await asyncio.sleep(0)
        assert task.calls == 1
        idle = TaskReport("task-1", VendorName("foo"), 0, 0, 0.0, 0.0, __version__, task.clock.now())
        assert await task.told() == idle
        await asyncio.sleep(61)
        assert task.calls == 5
        assert (await task.told()).at == task.clock.now() - timedelta(seconds=1)
    assert task.calls == 6


@virtual_time
async def test_a_report_is_what_the_pipeline_does_now() -> None:
    """Of sixteen sent in fifteen seconds four failed and wait, six are in hand; in the next fifteen three are sent."""
    outcomes = [Delivered()] * 20 + [RetryAfter(timedelta(minutes=1), "HTTP 500")] * 4
    line = Line(vendor=ScriptedVendor(lambda jobs: [outcomes.pop() for _ in jobs], latency=2))
    task = Task("foo", line=line)
    async with line.running(), task.reporting:
        await asyncio.sleep(5)
        line.queue.put(*["{}"] * 10)
        await asyncio.sleep(8)
        line.vendor.latency = 5
        line.queue.put(*["{}"] * 6)
        await asyncio.sleep(2.5)
        told = await task.told()
        assert (told.held, told.postponed) == (6, 4)
        assert told.rate == pytest.approx(16 / 15)
        assert told.request_seconds == pytest.approx(2)
        line.queue.put(*["{}"] * 3)
        await asyncio.sleep(15)
        assert (await task.told()).rate == pytest.approx(3 / 15)
        await line.drained()


@virtual_time
async def test_all_vendors_go_together() -> None:
    """Twelve vendors cost what one costs: one call."""
    names = [f"v{number}" for number in range(12)]
    task = Task(*names)
    async with task.reporting:
        await asyncio.sleep(0)
        assert task.calls == 1
        assert [(await task.told(name)).vendor for name in names] == names


@virtual_time
async def test_the_last_one_says_that_nothing_is_held_or_sent() -> None:
    """What it has postponed is not visible for that."""
    line = Line(vendor=ScriptedVendor(lambda jobs: [RetryAfter(timedelta(hours=1), "HTTP 500")] * len(jobs), latency=5))
    task = Task("foo", line=line)
    async with task.reporting, line.running():
        line.queue.put(*["{}"] * 3)
        await asyncio.sleep(2)
        assert line.pipeline.held == 3
    told = await task.told()
    assert (told.held, told.postponed, told.rate) == (0, 3, 0)
    assert told.request_seconds == pytest.approx(5)
    assert told.at == task.clock.now()


@pytest.mark.parametrize("fault", AWAY)
def test_without_the_table_it_says_so_and_goes_on(fault: UnavailableError | RefusedError) -> None:
    """Once for each vendor and report; the next is told."""

    @virtual_time
    async def run() -> None:
        task = Task("foo", "bar")
        task.reports.faults.fail_next("tell", fault, times=2)
        async with task.reporting:
            await asyncio.sleep(16)
            failed = [TableCallFailed(name, "reports", fault.code) for name in ("foo", "bar")]
            assert task.events.events == failed * 2
            await asyncio.sleep(15)
            assert (await task.told("bar")).at == task.clock.now() - timedelta(seconds=1)
        assert len(task.events.events) == 4

    run()


@virtual_time
async def test_a_table_that_hangs_delays_neither_work_nor_stop() -> None:
    """Each report is given up after five seconds; a hundred messages are delivered at once, and leaving takes one."""
    task = Task("foo")
    task.reports.faults.hold("tell")
    task.line.queue.put(*["{}"] * 100)
    async with task.reporting:
        async with task.line.running():
            await asyncio.sleep(2)
            assert len(task.line.vendor.sent) == 100
            await asyncio.sleep(60)
            assert task.events.events == [TableCallFailed("foo", "reports", "TimeoutError")] * 4
        left = task.clock.monotonic()
    assert task.clock.monotonic() - left == pytest.approx(1)


@virtual_time
async def test_a_last_one_that_cannot_be_told_is_nobody_s_trouble() -> None:
    """The work is done: nothing is raised or said."""
    task = Task("foo")
    async with task.reporting:
        await asyncio.sleep(1)
        task.reports.faults.fail_next("tell", AWAY[0])
    assert not task.events.events
    assert task.calls == 2


@virtual_time
async def test_a_stop_that_is_late_already_is_not_delayed() -> None:
    """Its last report ends by itself."""
    task = Task("foo")

    async def overdue() -> None:
        async with task.reporting:
            await asyncio.sleep(1)
            raise OverdueError

    with pytest.raises(OverdueError):
        await overdue()
    assert task.calls == 1
