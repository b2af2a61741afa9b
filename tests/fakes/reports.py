"""Tasks' reports in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.fakes.faults import Faults
from worker.model.message import VendorName
from worker.model.task import TaskReport
from worker.ports import Clock

_LIVES = timedelta(seconds=60)


class MemoryReports:
    """Port `Reports`, for tasks that share this object."""

    def __init__(self, clock: Clock) -> None:
        self.faults = Faults()  # of the operation tell
        self._clock = clock
        self._reports: dict[tuple[VendorName, str], tuple[datetime, TaskReport]] = {}

    async def tell(self, reports: Sequence[TaskReport]) -> None:
        await self.faults.meet("tell")
        for report in reports:
            self._reports[report.vendor, report.task] = (self._clock.now() + _LIVES, report)

    async def of(self, vendor: VendorName) -> Sequence[TaskReport]:
        now = self._clock.now()
        live = (report for ends, report in self._reports.values() if ends > now and report.vendor == vendor)
        return sorted(live, key=lambda report: report.task)
