"""One process's way to a queue: calls that fail, are lost or late, and a record of what was really done."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from tests.fakes.queue import MemoryQueue
from tests.model_based.hand import Hand
from tests.model_based.troubles import Failed, Fault, Forbidden, Lost, Refused, Slow
from worker.model.errors import RefusedError, UnavailableError
from worker.model.message import Message, Outgoing, ReceiptHandle
from worker.ports import EntryFailure

T = TypeVar("T")

_ACTING = 5.0  # seconds that worker/aws/sqs.py waits for an answer
_POLLING = 23.0
_BUSY = "InternalError"

Act = Callable[[Sequence[T]], Awaitable[Sequence[EntryFailure]]]


class Door:
    """Ports `Queue` and `Outbox`; what it does not record, did not happen."""

    def __init__(self, hand: Hand, queue: MemoryQueue, *, sending: str, visibility: timedelta) -> None:
        self._hand = hand
        self._queue = queue
        self._sending = sending  # the operation that a send is: "send", or "bury" for the dead-letter queue
        self._visibility = visibility.total_seconds()

    async def receive(self, limit: int) -> Sequence[Message]:
        """A long poll, which goes on at SQS whatever becomes of who asked."""
        hand = self._hand
        if not hand.alive:
            return ()
        began = asyncio.get_running_loop().time()
        if hand.asked_at is not None and hand.asked_at < began:
            hand.log.break_promise(f"{hand.who} began a receive after the stop was asked for")
        call = _Call()
        poll = hand.outside(self._poll(limit, hand.troubles.meet("receive"), call))
        death = hand.outside(hand.dead.wait())
        try:
            await asyncio.wait([poll, death], timeout=_POLLING, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if hand.alive:
                hand.log.break_promise(f"{hand.who} cancelled a receive")
            raise
        finally:
            call.waits = False
            death.cancel()
        if poll.done():
            return [replace(message, held_from=began) for message in poll.result()]
        if hand.alive:
            raise UnavailableError("receive: no answer in time")
        return ()

    async def delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        """As the port says."""
        return await self._call("delete", receipts, self._delete, receipts)

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        """As the port says."""
        return await self._call("change_visibility", entries, self._show, [receipt for receipt, _ in entries])

    async def send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        """As the port says."""
        return await self._call(self._sending, entries, self._send, ())

    async def _poll(self, limit: int, fault: Fault | None, call: _Call) -> Sequence[Message]:
        match fault:
            case Failed() | Refused():
                await asyncio.sleep(0.1)
                raise UnavailableError("receive: failed")
            case Forbidden():
                raise RefusedError("receive: forbidden")
            case Slow(before, _):
                await asyncio.sleep(before)
        messages = await self._queue.receive(limit)
        at = asyncio.get_running_loop().time()
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.after)
        heard = self._hand.alive and call.waits and not isinstance(fault, Lost)
        for message in messages:
            self._hand.log.received(self._hand.who, at, message, self._visibility, heard=heard)
        if isinstance(fault, Lost):
            raise UnavailableError("receive: the answer was lost")
        return messages

    async def _call(
        self, operation: str, entries: Sequence[T], act: Act[T], receipts: Sequence[ReceiptHandle]
    ) -> Sequence[EntryFailure]:
        hand = self._hand
        if not hand.alive:
            return ()
        fault = hand.troubles.meet(operation)
        if fault is not None:
            hand.log.disturbed(hand.who, operation, receipts, entries, type(fault).__name__)
        match fault:
            case None:
                return await act(entries)
            case Failed():
                await asyncio.sleep(0.1)
                raise UnavailableError(f"{operation}: failed")
            case Forbidden():
                raise RefusedError(f"{operation}: forbidden")
            case Refused():
                return await _every_other(entries, act)
            case Lost():
                await act(entries)
                raise UnavailableError(f"{operation}: the answer was lost")
            case Slow(before, after):
                return await self._late(operation, hand.outside(_delayed(before, lambda: act(entries), after)))

    async def _late(self, operation: str, call: asyncio.Task[Sequence[EntryFailure]]) -> Sequence[EntryFailure]:
        try:
            async with asyncio.timeout(_ACTING):
                return await asyncio.shield(call)
        except TimeoutError as error:
            raise UnavailableError(f"{operation}: no answer in time") from error

    async def _delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        failures = await self._queue.delete(receipts)
        for receipt in _done(receipts, failures):
            self._hand.log.deleted(self._hand.who, receipt)
        return failures

    async def _show(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        failures = await self._queue.change_visibility(entries)
        for receipt, visibility in _done(entries, failures):
            self._hand.log.shown(self._hand.who, receipt, math.ceil(visibility.total_seconds()))
        return failures

    async def _send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        failures = await self._queue.send(entries)
        for entry in _done(entries, failures):
            self._hand.log.sent(self._hand.who, self._sending, entry)
        return failures


class _Call:
    """Whether anybody waits for the answer."""

    waits = True


def _done(entries: Sequence[T], failures: Sequence[EntryFailure]) -> list[T]:
    failed = {failure.index for failure in failures}
    return [entry for index, entry in enumerate(entries) if index not in failed]


async def _every_other(entries: Sequence[T], act: Act[T]) -> Sequence[EntryFailure]:
    """Carry out the second, fourth … entry."""
    refused = [EntryFailure(index, _BUSY, final=False) for index in range(0, len(entries), 2)]
    failures = await act(entries[1::2]) if len(entries) > 1 else ()
    return [*refused, *(replace(failure, index=2 * failure.index + 1) for failure in failures)]


async def _delayed(before: float, act: Callable[[], Awaitable[Any]], after: float) -> Any:
    await asyncio.sleep(before)
    answer = await act()
    await asyncio.sleep(after)
    return answer
