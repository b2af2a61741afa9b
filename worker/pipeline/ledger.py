"""What is known to be delivered, in this process's memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta

from worker.ports import AlreadyDelivered, Claim, Clock, LedgerKey, Ours

KEEP = timedelta(days=28)  # as the state table


class MemoryLedger:
    """Bounded by `entries` and by `keep`; a restart forgets, and nobody else knows of it (port `Ledger`).

    There is one owner only, so no claim is ever in somebody else's hands.
    """

    def __init__(self, clock: Clock, entries: int = 100_000, keep: timedelta = KEEP) -> None:
        self._clock = clock
        self._entries = entries
        self._keep = keep.total_seconds()
        self._recorded: OrderedDict[LedgerKey, float] = OrderedDict()  # monotonic seconds, oldest first

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        """Those of the keys that this process has recorded."""
        self._expire()
        return frozenset(key for key in keys if key in self._recorded)

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:  # noqa: ARG002 - the port's: nobody competes
        """Claim one before it is sent."""
        return AlreadyDelivered() if await self.delivered([key]) else Ours()

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        """These are delivered; the oldest are forgotten first."""
        now = self._clock.monotonic()
        for key in keys:
            self._recorded[key] = now
            self._recorded.move_to_end(key)
        while len(self._recorded) > self._entries:
            self._recorded.popitem(last=False)

    def _expire(self) -> None:
        oldest = self._clock.monotonic() - self._keep
        while self._recorded and next(iter(self._recorded.values())) <= oldest:
            self._recorded.popitem(last=False)
