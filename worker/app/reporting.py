"""What this task tells the state table of its pipelines, for those who look at the whole fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

from worker import __version__
from worker.model.errors import AwsError
from worker.model.events import TableCallFailed
from worker.model.message import VendorName
from worker.model.task import TaskReport
from worker.pipeline.fellows import Fellows
from worker.pipeline.pipeline import Pipeline
from worker.ports import Clock, Reports, Telemetry

_EACH = 15.0  # seconds
_PATIENCE = 5.0  # seconds that a report may take
_FAREWELL = 1.0  # seconds that the last one may take: the stop waits for it


class Reporting:
    """Reports each 15 seconds while it is entered, at once at first, and when it is left in peace a last time.

    All pipelines' reports go together. A table that fails or hangs is told of, and the next report is made in its
    turn; the pipelines do not notice.
    """

    def __init__(
        self,
        task: str,
        pipelines: Sequence[Pipeline],
        reports: Reports,
        *,
        fellows: Mapping[str, Fellows],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._task = task
        self._pipelines = pipelines
        self._reports = reports
        self._fellows = fellows  # by vendor: how many tasks report
        self._clock = clock
        self._telemetry = telemetry
        self._made_at = clock.monotonic()  # the report before this one
        self._requests = dict.fromkeys((pipeline.name for pipeline in pipelines), 0)  # by then

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep(), name="reports")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._keeping.cancel()
        await asyncio.wait((self._keeping,))
        if error is None:
            await self._take_leave()

    async def _keep(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self._tell()
            await asyncio.sleep(began + _EACH - self._clock.monotonic())

    async def _tell(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._reports.tell(self._made())
                for vendor, fellows in self._fellows.items():
                    fellows.count = max(1, len(await self._reports.of(VendorName(vendor))))
        except AwsError as error:
            self._failed(error.code)
        except TimeoutError as error:
            self._failed(type(error).__name__)

    async def _take_leave(self) -> None:
        """This task sends nothing more; where that cannot be told soon, its last report ends within a minute."""
        last = [replace(report, rate=0.0) for report in self._made()]
        with suppress(AwsError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._reports.tell(last)

    def _made(self) -> Sequence[TaskReport]:
        now, at = self._clock.monotonic(), self._clock.now()
        made = [self._report(pipeline, now - self._made_at, at) for pipeline in self._pipelines]
        self._made_at = now
        self._requests = {pipeline.name: pipeline.requests for pipeline in self._pipelines}
        return made

    def _report(self, pipeline: Pipeline, seconds: float, at: datetime) -> TaskReport:
        sent = pipeline.requests - self._requests[pipeline.name]
        return TaskReport(
            task=self._task,
            vendor=VendorName(pipeline.name),
            held=pipeline.held,
            postponed=pipeline.postponed,
            rate=sent / seconds if seconds else 0.0,
            request_seconds=pipeline.request_seconds,
            version=__version__,
            at=at,
            standing=pipeline.standing,
        )

    def _failed(self, code: str) -> None:
        for pipeline in self._pipelines:
            self._telemetry.emit(TableCallFailed(pipeline.name, "reports", code))
