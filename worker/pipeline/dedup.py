"""Whether a job was delivered before: asked before it is sent, recorded before its message is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import assert_never

from worker.model.outcome import Delivered, Outcome, Throttled
from worker.pipeline.collector import Collector, confirmed
from worker.pipeline.held import Held
from worker.pipeline.patience import Patience
from worker.ports import AlreadyDelivered, Clock, InProgress, Ledger, LedgerKey, Ours, Telemetry

_BATCH = 25  # DynamoDB writes so many at once
_LINGER = 0.05  # seconds that a record waits for others
_AGAIN = timedelta(seconds=30)  # when a message comes back that could not be claimed


class Mode(Enum):
    """How far it goes; the words are the topology's."""

    REDELIVERY = "redelivery"  # asks for what was received before; without the table it sends
    STRICT = "strict"  # claims everything before it is sent; without the table it waits


class Dedup:
    """One vendor's ledger, as deliveries use it; nothing waits long for a table that is away."""

    def __init__(
        self,
        vendor: str,
        mode: Mode,
        ledger: Ledger,
        group: asyncio.TaskGroup,
        *,
        lasting: timedelta,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._mode = mode
        self._ledger = ledger
        self._lasting = lasting  # of a claim that is not followed by a record
        self._clock = clock
        self._patience = Patience(vendor, "ledger", clock=clock, telemetry=telemetry)
        self._records = Collector(self._record, group=group, size=_BATCH, linger=_LINGER)
        self._here: set[LedgerKey] = set()  # claimed by deliveries of this process

    async def ask(self, held: Held) -> Outcome | None:
        """What becomes of a job unsent: Delivered before, Throttled while another is at it; None: it is to be sent."""
        if self._mode is Mode.STRICT:
            return await self._claim(held)
        if held.message.receive_count == 1:
            return None
        return Delivered() if await self._patience.ask(lambda: self._ledger.delivered([_key(held)])) else None

    async def _claim(self, held: Held) -> Outcome | None:
        key = _key(held)
        if key in self._here:  # a copy of the message, in our own hands: the table would take us for the same
            return Throttled(self._lasting)
        self._here.add(key)
        held.claimed, held.claimed_at = key, self._clock.monotonic()
        match await self._patience.ask(lambda: self._ledger.claim(key, self._lasting)):
            case AlreadyDelivered():
                return Delivered()
            case InProgress(remaining):
                return Throttled(remaining)
            case Ours():
                return None
            case None:
                return Throttled(_AGAIN)
            case _ as never:
                assert_never(never)

    async def keeps(self, held: Held) -> bool:
        """Whether a job in hand for long is ours to go on with: its claim is made anew in time."""
        key, now = held.claimed, self._clock.monotonic()
        if key is None or now - held.claimed_at < self._lasting.total_seconds() / 2:
            return True
        held.claimed_at = now
        return isinstance(await self._patience.ask(lambda: self._ledger.claim(key, self._lasting)), Ours)

    async def record(self, held: Held) -> None:
        """Note that a job was delivered; where the table is away the work goes on, and a duplicate may follow.

        After rounds in hand its message still has the cursor that it came with: that is how it would come again.
        """
        keys = {LedgerKey(held.key, held.continuation.cursor): None, _key(held): None}
        await confirmed(asyncio.gather(*map(self._records.add, keys)))

    def done(self, held: Held) -> None:
        """What becomes of it is decided, and recorded: it may be claimed here again."""
        if held.claimed is not None:
            self._here.discard(held.claimed)
            held.claimed = None

    async def _record(self, keys: Sequence[LedgerKey]) -> Sequence[None]:
        """What is claimed is recorded if it can be at all: nobody claims while the table rests, so these are few."""
        tell = self._patience.insist if self._mode is Mode.STRICT else self._patience.ask
        await tell(lambda: self._ledger.record(list(dict.fromkeys(keys))))
        return [None] * len(keys)


def _key(held: Held) -> LedgerKey:
    return LedgerKey(held.key, held.cursor)
