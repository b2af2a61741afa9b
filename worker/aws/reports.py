"""Tasks' reports in the state table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from worker.aws.items import Item, ItemKey, expiry
from worker.aws.statetable import StateTable
from worker.model.message import VendorName
from worker.model.task import Standing, TaskReport
from worker.ports import Clock

_KIND = "TASK"
_LIVES = timedelta(seconds=60)  # a task reports each 15 s: three may be lost


class TableReports:
    """What running tasks say of themselves (port `Reports`); raises UnavailableError or RefusedError."""

    def __init__(self, table: StateTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def tell(self, reports: Sequence[TaskReport]) -> None:
        """Replace this task's last reports, one for each of its vendors; they count for a minute."""
        expires = expiry(self._clock.now(), _LIVES)
        await self._table.put_many([_item(report, expires) for report in reports])

    async def of(self, vendor: VendorName) -> Sequence[TaskReport]:
        """Each task's last report of the last minute, by task."""
        return [_report(item, vendor) for item in await self._table.query(ItemKey.of(_KIND, vendor).pk)]


def _item(report: TaskReport, expires: int) -> Item:
    return Item(
        ItemKey.of(_KIND, report.vendor, sort=report.task),
        expires,
        {
            "task": report.task,
            "held": report.held,
            "postponed": report.postponed,
            "rate": report.rate,
            "request_seconds": report.request_seconds,
            "version": report.version,
            "told_at": report.at.isoformat(),
            "standing": json.dumps(asdict(report.standing)),
        },
    )


def _report(item: Item, vendor: VendorName) -> TaskReport:
    values = item.values
    return TaskReport(
        task=str(values["task"]),
        vendor=vendor,
        held=int(values["held"]),
        postponed=int(values["postponed"]),
        rate=float(values["rate"]),
        request_seconds=float(values["request_seconds"]),
        version=str(values["version"]),
        at=datetime.fromisoformat(str(values["told_at"])),
        standing=Standing.load(json.loads(str(values.get("standing", "{}")))),
    )
