"""Which task alone may send under a limit, in the state table."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from worker.aws.items import Item, ItemKey, Value, expiry
from worker.aws.statetable import StateTable
from worker.model.message import NOTHING
from worker.ports import Clock, InProgress, Sole

_OWNER, _ENDS = "claimed_by", "ends"


class TableTenure:
    """One limit's only sender (port `Tenure`). The item outlives the right by a window: so long must the next one wait.

    Instants are wall time, so tasks' clocks must agree to within the margin by which a holder ends early.
    """

    def __init__(self, table: StateTable, limit: ItemKey, clock: Clock) -> None:
        self._table = table
        self._key = replace(limit, sk="tenure")
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._ours_until = 0.0  # seconds since 1970

    async def claim(self, lasting: timedelta, window: timedelta) -> Sole | InProgress:
        """Have it, or have it on; of two tasks that ask at once, one gets it."""
        wait = NOTHING if self._now() < self._ours_until else await self._wait()
        ends = self._now() + lasting.total_seconds()  # whatever the call takes
        standing = await self._table.put_where_free(
            self._item(lasting, window),
            or_if=f"{_OWNER} = :owner OR {_ENDS} <= :now",
            values={":owner": self._owner},
        )
        if standing is None:
            self._ours_until = ends
            return Sole(wait)
        self._ours_until = 0.0
        return InProgress(timedelta(seconds=max(0.0, float(standing.values[_ENDS]) - self._now())))

    async def release(self, window: timedelta) -> None:
        """Let another have it at once."""
        if self._now() < self._ours_until:
            self._ours_until = 0.0
            await self._table.put_many([self._item(NOTHING, window)])

    async def _wait(self) -> timedelta:
        """Until the requests of the one before are out of every window."""
        standing = (await self._table.get_many([self._key])).get(self._key)
        if standing is None or standing.values[_OWNER] == self._owner:
            return NOTHING
        return timedelta(seconds=max(0.0, standing.expires - self._now()))

    def _item(self, lasting: timedelta, window: timedelta) -> Item:
        now = self._clock.now()
        values: dict[str, Value] = {_OWNER: self._owner, _ENDS: (now + lasting).timestamp()}
        return Item(self._key, expiry(now, lasting + window), values)

    def _now(self) -> float:
        return self._clock.now().timestamp()
