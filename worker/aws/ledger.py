"""The ledger in the state table: what any task has delivered, or is about to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from worker.aws.items import Item, ItemKey, expiry
from worker.aws.statetable import StateTable
from worker.model.message import VendorName
from worker.ports import AlreadyDelivered, Claim, Clock, InProgress, LedgerKey, Ours

KEEP = timedelta(days=28)  # 14 days in a queue and 14 in its dead-letter queue: SQS's longest
_OWNER = "claimed_by"  # a delivered marker has none


class TableLedger:
    """One vendor's deliveries, by all tasks (port `Ledger`).

    Claims end by wall time, rounded up to a second: where two tasks' clocks differ, a claim ends that much early for
    one of them, so `lasting` needs room for it. Each instance is an owner of its own; what it has claimed itself it
    may claim again (a retry need not wait), so two deliveries of one key in one process are not told apart here.
    """

    def __init__(self, table: StateTable, vendor: VendorName, clock: Clock, keep: timedelta = KEEP) -> None:
        self._table = table
        self._vendor = vendor
        self._clock = clock
        self._keep = keep
        self._owner = uuid.uuid4().hex

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        """Those of the keys that any task has recorded within `keep`."""
        places = {key: self._place(key) for key in keys}
        found = await self._table.get_many(list(places.values()))
        return frozenset(key for key, place in places.items() if place in found and not _claimed(found[place]))

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        """Claim one before it is sent; of two tasks that ask at once, one gets it.

        After UnavailableError it may be ours: ask again.
        """
        now = self._clock.now()
        claim = Item(self._place(key), expiry(now, lasting), {_OWNER: self._owner})
        standing = await self._table.put_where_free(claim, or_if=f"{_OWNER} = :owner", values={":owner": self._owner})
        if standing is None:
            return Ours()
        if not _claimed(standing):
            return AlreadyDelivered()
        return InProgress(timedelta(seconds=max(0.0, standing.expires - now.timestamp())))

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        """These are delivered; a claim of them, whosever, ends by it. Recording twice does no harm."""
        expires = expiry(self._clock.now(), self._keep)
        await self._table.put_many([Item(self._place(key), expires) for key in keys])

    def _place(self, key: LedgerKey) -> ItemKey:
        return ItemKey.of("LEDGER", self._vendor, key.key, sort=key.cursor)


def _claimed(item: Item) -> bool:
    return _OWNER in item.values
