"""What Reports promises, in memory and in the state table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.manual_clock import ManualClock
from tests.fakes.reports import MemoryReports
from worker.aws.reports import TableReports
from worker.aws.statetable import StateTable
from worker.model.errors import UnavailableError
from worker.model.message import VendorName
from worker.model.task import TaskReport
from worker.ports import Reports

VENDOR = VendorName("foo")


@pytest.fixture(params=["memory", "table"])
def reports(request: pytest.FixtureRequest, clock: ManualClock) -> Reports:
    if request.param == "memory":
        return MemoryReports(clock)
    return TableReports(request.getfixturevalue("state_table"), clock)


def report(clock: ManualClock, task: str = "a") -> TaskReport:
    at = clock.now() + timedelta(microseconds=1)
    return TaskReport(task, VENDOR, 12, 3, 79.25, 1e-05, "0.1.0", at)


async def test_what_a_task_tells_is_read(reports: Reports, clock: ManualClock) -> None:
    """As it was told; nothing where nobody has told anything."""
    assert list(await reports.of(VENDOR)) == []
    await reports.tell([report(clock)])
    assert list(await reports.of(VENDOR)) == [report(clock)]


async def test_each_task_has_one_report_for_each_vendor(reports: Reports, clock: ManualClock) -> None:
    """The last; another vendor's (whose name begins alike) are apart."""
    other = VendorName("foo-primary")
    await reports.tell([report(clock, "b")])
    await reports.tell([report(clock, "a"), replace(report(clock, "a"), vendor=other, held=1)])
    last = replace(report(clock, "b"), held=99)
    await reports.tell([last])
    assert list(await reports.of(VENDOR)) == [report(clock, "a"), last]
    assert [told.held for told in await reports.of(other)] == [1]


async def test_a_task_tells_of_all_its_vendors_at_once(reports: Reports, clock: ManualClock) -> None:
    """More than a batch holds, or of none."""
    vendors = [VendorName(f"v{number}") for number in range(30)]
    await reports.tell([replace(report(clock), vendor=vendor) for vendor in vendors])
    await reports.tell([])
    assert [len(await reports.of(vendor)) for vendor in vendors] == [1] * 30


async def test_a_report_counts_for_a_minute(reports: Reports, clock: ManualClock) -> None:
    """Who is silent for longer is gone."""
    await reports.tell([report(clock, "silent")])
    clock.seconds += 59
    await reports.tell([report(clock, "running")])
    assert [task.task for task in await reports.of(VENDOR)] == ["running", "silent"]
    clock.seconds += 2
    assert [task.task for task in await reports.of(VENDOR)] == ["running"]


async def test_a_table_away_is_unavailable(table_away: StateTable, clock: ManualClock) -> None:
    """Whoever asks decides what to do without."""
    reports = TableReports(table_away, clock)
    for call in (reports.tell([report(clock)]), reports.of(VENDOR)):
        with pytest.raises(UnavailableError, match="on away"):
            await call
