"""An SQS queue in memory: receives, receipts, visibility, redrive and AWS's limits, by an injected clock."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.fakes.faults import Faults
from tests.fakes.limits import MAX_IN_FLIGHT, MAX_VISIBILITY, check_entries, check_size, fault_of
from worker.model.errors import RefusedError
from worker.model.message import NOTHING, Message, MessageId, Outgoing, ReceiptHandle, text_attribute
from worker.ports import Clock, EntryFailure


@dataclass
class Stored:
    """One message in the queue, as the queue sees it."""

    id: MessageId
    outgoing: Outgoing
    sent_at: datetime
    visible_at: float  # monotonic seconds
    receives: int = 0
    received_at: float = 0.0  # the latest receive
    receipt: ReceiptHandle | None = None  # the latest
    copy: int = 0  # of a message that SQS hands out more than once

    def is_in_flight(self, now: float) -> bool:
        """Whether somebody holds it."""
        return self.receipt is not None and self.visible_at > now


class MemoryQueue:
    """Both ends of a standard queue: `Queue` and `Outbox`.

    A call that breaks a limit of the whole call raises RefusedError; an entry that breaks one fails. It is stricter
    than AWS where AWS promises nothing: a receipt is worth nothing once its message was received again. It hands out
    in the order of becoming visible.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        visibility: timedelta = timedelta(seconds=60),
        wait: timedelta = timedelta(seconds=20),
        dead_letters: MemoryQueue | None = None,
        max_receive_count: int = 20,
        max_in_flight: int = MAX_IN_FLIGHT,
        name: str | None = None,
    ) -> None:
        self.faults = Faults()
        self.cancelled_receives = 0  # AWS would have left their messages invisible: never do that
        self._clock = clock
        self._visibility = visibility
        self._wait = wait
        self._dead_letters = dead_letters
        self._max_receive_count = max_receive_count
        self._max_in_flight = max_in_flight
        self._name = name or str(uuid.uuid4())  # how ids of messages begin
        self._sent = 0
        self._stored: dict[tuple[MessageId, int], Stored] = {}
        self._receipts: dict[ReceiptHandle, Stored] = {}
        self._changed = asyncio.Event()

    async def receive(self, limit: int) -> Sequence[Message]:
        """Wait for messages to be visible and take them; one that was received too often goes to the DLQ instead."""
        if not 1 <= limit <= 10:
            raise RefusedError(f"ReadCountOutOfRange: {limit}")
        began = self._clock.monotonic()
        try:
            await self.faults.meet("receive")
            messages = await self._poll(limit, began)
        except asyncio.CancelledError:
            self.cancelled_receives += 1
            raise
        self.faults.answer("receive")
        return messages

    async def delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        """Delete by the latest receipt, in flight or not; an older one succeeds and does nothing."""
        check_entries(receipts)
        if code := await self.faults.meet("delete"):
            return _all_failed(receipts, code)
        for receipt in receipts:
            if (stored := self._held_by(receipt)) is not None:
                self._forget(stored)
        self.faults.answer("delete")
        unknown = [index for index, receipt in enumerate(receipts) if receipt not in self._receipts]
        return [EntryFailure(index, "ReceiptHandleIsInvalid", final=True) for index in unknown]

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        """Set when messages in flight become visible, in whole seconds, within 12 h of their receive."""
        check_entries(entries)
        if code := await self.faults.meet("change_visibility"):
            return _all_failed(entries, code)
        codes = [self._set_visibility(receipt, visibility) for receipt, visibility in entries]
        self._wake()
        self.faults.answer("change_visibility")
        return [EntryFailure(i, code, final=True) for i, code in enumerate(codes) if code]

    async def send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        """Store what keeps the limits."""
        check_entries(entries)
        check_size(entries)
        if code := await self.faults.meet("send"):
            return _all_failed(entries, code)
        codes = [fault_of(entry) for entry in entries]
        for entry, refused in zip(entries, codes, strict=True):
            if not refused:
                self._store(entry)
        self._wake()
        self.faults.answer("send")
        return [EntryFailure(i, code, final=True) for i, code in enumerate(codes) if code]

    def put(self, *bodies: str, **attributes: str) -> None:
        """Send any number of bodies, for tests that only need messages to be there; meets no fault."""
        texts = {name.replace("_", "-"): text_attribute(value) for name, value in attributes.items()}
        for body in bodies:
            self._store(Outgoing(body, texts))
        self._wake()

    def expire(self, receipt: ReceiptHandle) -> None:
        """End a message's visibility timeout now, as a stalled worker would find it."""
        if (stored := self._held_by(receipt)) is not None:
            stored.visible_at = self._clock.monotonic()
        self._wake()

    def duplicate(self, message: MessageId, after: timedelta = NOTHING) -> None:
        """Hand a message out once more, held or deleted meanwhile: a copy on another server shows up `after` a while.

        "At least once", as SQS means it: each copy is received, postponed and deleted by itself.
        """
        copies = [stored for (known, _), stored in self._stored.items() if known == message]
        visible_at = self._clock.monotonic() + after.total_seconds()
        another = replace(copies[-1], visible_at=visible_at, receipt=None, copy=copies[-1].copy + 1)
        self._stored[message, another.copy] = another
        self._wake()

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was called: receive, delete, change_visibility, send."""
        return self.faults.calls

    @property
    def stored(self) -> Sequence[Stored]:
        """All that is in it, held or not, in the order of arrival."""
        return tuple(self._stored.values())

    @property
    def bodies(self) -> Sequence[str]:
        """The bodies of all that is in it."""
        return [stored.outgoing.body for stored in self._stored.values()]

    @property
    def in_flight(self) -> int:
        """How many are held now."""
        now = self._clock.monotonic()
        return sum(stored.is_in_flight(now) for stored in self._stored.values())

    def __len__(self) -> int:
        return len(self._stored)

    async def _poll(self, limit: int, began: float) -> list[Message]:
        deadline = began + self._wait.total_seconds()
        while True:
            if messages := self._take(limit, began):
                return messages
            now = self._clock.monotonic()
            if now >= deadline:
                return []
            await self._change(min(deadline, *self._visible_later(now), deadline) - now)

    async def _change(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _visible_later(self, now: float) -> list[float]:
        return [stored.visible_at for stored in self._stored.values() if stored.visible_at > now] or [math.inf]

    def _take(self, limit: int, began: float) -> list[Message]:
        now = self._clock.monotonic()
        self._redrive(now)
        visible = sorted((s for s in self._stored.values() if s.visible_at <= now), key=lambda s: s.visible_at)
        room = max(0, self._max_in_flight - self.in_flight)
        return [self._hand_out(stored, now, began) for stored in visible[: min(limit, room)]]

    def _redrive(self, now: float) -> None:
        if self._dead_letters is None:
            return
        for stored in list(self._stored.values()):
            if stored.visible_at <= now and stored.receives >= self._max_receive_count:
                self._forget(stored)
                dead = Stored(stored.id, stored.outgoing, stored.sent_at, now, copy=stored.copy)
                self._dead_letters._stored[dead.id, dead.copy] = dead
                self._dead_letters._wake()

    def _hand_out(self, stored: Stored, now: float, began: float) -> Message:
        stored.receives += 1
        stored.received_at = now
        stored.visible_at = now + self._visibility.total_seconds()
        stored.receipt = ReceiptHandle(f"{stored.id}/{stored.copy}.{stored.receives}")
        self._receipts[stored.receipt] = stored
        sent = stored.outgoing
        return Message(
            id=stored.id,
            receipt=stored.receipt,
            body=sent.body,
            attributes=dict(sent.attributes),
            receive_count=stored.receives,
            sent_at=stored.sent_at,
            held_from=began,
            group=sent.group,
        )

    def _store(self, outgoing: Outgoing) -> None:
        self._sent += 1
        stored_id = MessageId(f"{self._name}-{self._sent}")
        visible_at = self._clock.monotonic() + math.ceil(outgoing.delay.total_seconds())
        self._stored[stored_id, 0] = Stored(stored_id, outgoing, self._clock.now(), visible_at)

    def _forget(self, stored: Stored) -> None:
        del self._stored[stored.id, stored.copy]

    def _held_by(self, receipt: ReceiptHandle) -> Stored | None:
        stored = self._receipts.get(receipt)
        if stored is None or stored.receipt != receipt:
            return None
        return self._stored.get((stored.id, stored.copy))

    def _set_visibility(self, receipt: ReceiptHandle, visibility: timedelta) -> str | None:
        now = self._clock.monotonic()
        if receipt not in self._receipts:
            return "ReceiptHandleIsInvalid"
        if not NOTHING <= visibility <= MAX_VISIBILITY:
            return "InvalidParameterValue"
        stored = self._held_by(receipt)
        if stored is None or not stored.is_in_flight(now):
            return "MessageNotInflight"
        until = now + math.ceil(visibility.total_seconds())
        if until > stored.received_at + MAX_VISIBILITY.total_seconds():
            return "InvalidParameterValue"  # total visibility timeout beyond the limit
        stored.visible_at = until
        return None


def _all_failed(entries: Sequence[object], code: str) -> list[EntryFailure]:
    return [EntryFailure(index, code, final=False) for index in range(len(entries))]
