"""A ledger that tasks share, as the state table's is: each task is an owner of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from worker.ports import AlreadyDelivered, Claim, Clock, InProgress, LedgerKey, Ours

_KEEP = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim, or a delivery, which has no owner."""

    expires: float  # monotonic seconds
    owner: str | None


@dataclass(slots=True)
class Table:
    """What all tasks see."""

    entries: dict[LedgerKey, Entry] = field(default_factory=dict)


class SharedLedger:
    """One task's way to it."""

    def __init__(self, table: Table, owner: str, clock: Clock) -> None:
        self._table = table
        self._owner = owner
        self._clock = clock

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        """Those that any task has recorded."""
        found = {key: self._standing(key) for key in keys}
        return frozenset(key for key, entry in found.items() if entry is not None and entry.owner is None)

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        """Claim one, unless it is delivered or another's."""
        standing = self._standing(key)
        if standing is None or standing.owner == self._owner:
            self._table.entries[key] = Entry(self._until(lasting), self._owner)
            return Ours()
        if standing.owner is None:
            return AlreadyDelivered()
        return InProgress(timedelta(seconds=standing.expires - self._clock.monotonic()))

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        """Whosever claim it was, it ends by this."""
        for key in keys:
            self._table.entries[key] = Entry(self._until(_KEEP), None)

    def _standing(self, key: LedgerKey) -> Entry | None:
        entry = self._table.entries.get(key)
        return entry if entry is not None and entry.expires > self._clock.monotonic() else None

    def _until(self, lasting: timedelta) -> float:
        return math.ceil(self._clock.monotonic() + lasting.total_seconds())
