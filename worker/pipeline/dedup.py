"""Whether a job was delivered before: asked before it is sent, recorded before its message is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from worker.model.errors import AwsError
from worker.model.events import TableCallFailed
from worker.model.outcome import Delivered, Outcome, Throttled
from worker.pipeline.collector import Collector, confirmed
from worker.pipeline.held import Held
from worker.ports import AlreadyDelivered, InProgress, Ledger, LedgerKey, Telemetry

_BATCH = 25  # DynamoDB writes so many at once
_LINGER = 0.05  # seconds that a record waits for others
_AGAIN = timedelta(seconds=30)  # when a message comes back that could not be claimed


class Mode(Enum):
    """How far it goes; the words are the topology's."""

    REDELIVERY = "redelivery"  # asks for what was received before; without the table it sends
    STRICT = "strict"  # claims everything before it is sent; without the table it waits


class Dedup:
    """One vendor's ledger, as deliveries use it."""

    def __init__(
        self,
        vendor: str,
        mode: Mode,
        ledger: Ledger,
        group: asyncio.TaskGroup,
        *,
        lasting: timedelta,
        telemetry: Telemetry,
    ) -> None:
        self._vendor = vendor
        self._mode = mode
        self._ledger = ledger
        self._lasting = lasting  # of a claim that is not followed by a record
        self._telemetry = telemetry
        self._records = Collector(self._record, group=group, size=_BATCH, linger=_LINGER)
        self._here: set[LedgerKey] = set()  # claimed by deliveries of this process

    async def ask(self, held: Held) -> Outcome | None:
        """What becomes of a job unsent: Delivered before, Throttled while another is at it; None: it is to be sent."""
        try:
            if self._mode is Mode.STRICT:
                return await self._claim(held)
            if held.message.receive_count > 1 and await self._ledger.delivered([_key(held)]):
                return Delivered()
        except AwsError as error:
            self._failed(error)
            return Throttled(_AGAIN) if self._mode is Mode.STRICT else None
        return None

    async def _claim(self, held: Held) -> Outcome | None:
        key = _key(held)
        if key in self._here:  # a copy of the message, in our own hands: the table would take us for the same
            return Throttled(self._lasting)
        self._here.add(key)
        held.claimed = key
        match await self._ledger.claim(key, self._lasting):
            case AlreadyDelivered():
                return Delivered()
            case InProgress(remaining):
                return Throttled(remaining)
            case _:
                return None

    async def record(self, held: Held) -> None:
        """Note that a job was delivered; where the table is away the work goes on, and a duplicate may follow."""
        await confirmed(self._records.add(_key(held)))

    def done(self, held: Held) -> None:
        """Its delivery has ended: copies of it may be claimed here."""
        if held.claimed is not None:
            self._here.discard(held.claimed)

    async def _record(self, keys: Sequence[LedgerKey]) -> Sequence[None]:
        try:
            await self._ledger.record(list(dict.fromkeys(keys)))
        except AwsError as error:
            self._failed(error)
        return [None] * len(keys)

    def _failed(self, error: AwsError) -> None:
        self._telemetry.emit(TableCallFailed(self._vendor, "ledger", error.code))


def _key(held: Held) -> LedgerKey:
    return LedgerKey(held.key, held.cursor)
