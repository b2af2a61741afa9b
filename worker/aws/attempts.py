"""Failed attempts in the state table, counted over all tasks and restarts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta

from worker.aws.items import Item, ItemKey, expiry
from worker.aws.statetable import StateTable
from worker.model.disposition import Failures
from worker.model.message import JobKey, VendorName
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.patience import Patience
from worker.ports import Clock, Telemetry

KEEP = timedelta(days=28)  # after the last failure; a queue keeps a message for 14 days at most
_KEPT = 100_000  # messages of which this process knows that the table has them
_COUNT = "ADD failures :one SET failed_at = :now, expires = :expires"
_LAST = "ADD open_seconds :more"


class TableAttempts:
    """Port `Attempts`; make one with each gate, whose closed seconds it is told.

    The number of failures is exact while the table answers. Time is never over-counted, so that nothing is buried
    early: each interval between two failures, whichever tasks they were in, counts less all the seconds for which the
    gate of the task that ends it may have been closed within it: those since this task's own last failure of the
    message, else all of its life (and nothing before it). Between failures in one task that is exact. Tasks' clocks
    must agree: by as much as they differ an interval is counted long or short.

    With the table away (or silent for three seconds) every method answers from `away`, nothing raises, one
    `table.call_failed` says so, and the table is left alone for five seconds; failures of that time are not in the
    table afterwards.
    """

    def __init__(
        self, table: StateTable, vendor: VendorName, *, clock: Clock, away: MemoryAttempts, telemetry: Telemetry
    ) -> None:
        self._table = table
        self._vendor = vendor
        self._clock = clock
        self._away = away
        self._patience = Patience(vendor, "attempts", clock=clock, telemetry=telemetry)
        self._began = clock.now().timestamp()
        self._seen: OrderedDict[JobKey, float | None] = OrderedDict()  # closed_for when it last failed here, if it did

    async def of(self, key: JobKey) -> Failures:
        """What all tasks have counted so far; the time is not told."""
        here = await self._away.of(key)
        there = await self._patience.ask(lambda: self._counted(key))
        return here if there is None else Failures(max(here.count, there))

    async def failed(self, key: JobKey, closed_for: float) -> Failures:
        """Count one more."""
        here = await self._away.failed(key, closed_for)
        there = await self._patience.ask(lambda: self._count(key, closed_for))
        # Each of the two counts is at most the true one.
        return here if there is None else Failures(max(here.count, there.count), max(here.lasting, there.lasting))

    async def forget(self, key: JobKey) -> None:
        """The message has ended; the table is asked only where this process has seen a failure of it there."""
        await self._away.forget(key)
        if key in self._seen:
            del self._seen[key]
            await self._patience.ask(lambda: self._table.delete(self._place(key)))

    async def _counted(self, key: JobKey) -> int:
        place = self._place(key)
        found = (await self._table.get_many([place])).get(place)
        if found is None:
            return 0
        self._see(key, self._seen.get(key))
        return int(found.values["failures"])

    async def _count(self, key: JobKey, closed_for: float) -> Failures:
        place, now = self._place(key), self._clock.now()
        expires = expiry(now, KEEP)
        before = await self._table.update(place, _COUNT, {":one": 1, ":now": now.timestamp(), ":expires": expires})
        open_seconds = self._open_seconds(key, before, closed_for)
        self._see(key, closed_for)
        if before is not None and not before.live(now):  # DynamoDB deletes late: it begins anew
            await self._table.put_many([Item(place, expires, {"failures": 1, "failed_at": now.timestamp()})])
            before = None
        if before is None:
            return Failures(1)
        if open_seconds:
            await self._patience.ask(lambda: self._table.update(place, _LAST, {":more": open_seconds}))
        lasting = float(before.values.get("open_seconds", 0)) + open_seconds
        return Failures(int(before.values["failures"]) + 1, timedelta(seconds=lasting))

    def _open_seconds(self, key: JobKey, before: Item | None, closed_for: float) -> float:
        """How long the gate has been open at least since the failure before this one."""
        if before is None:
            return 0.0
        since = float(before.values["failed_at"])
        marked = self._seen.get(key)
        if marked is None:
            since, marked = max(since, self._began), 0.0
        return max(0.0, self._clock.now().timestamp() - since - (closed_for - marked))

    def _see(self, key: JobKey, closed_for: float | None) -> None:
        self._seen[key] = closed_for
        self._seen.move_to_end(key)
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)

    def _place(self, key: JobKey) -> ItemKey:
        return ItemKey.of("ATTEMPTS", self._vendor, key)
