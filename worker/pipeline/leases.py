"""The right to work on messages: heartbeats over all that is held."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta

from worker.model.disposition import MAX_VISIBILITY
from worker.model.errors import AwsError
from worker.model.events import AwsCallFailed, LeaseLost
from worker.model.message import Message
from worker.ports import Clock, EntryFailure, Queue, Telemetry

_TEN = 10  # entries a call
_SOONEST = 0.25  # seconds between two tries
_EARLY = 0.25  # seconds before its visibility ends we let a message go: to cancel a delivery takes a moment
_LATE = 2  # visibilities that are asked for when less than a quarter of one is left
_LAST = 30.0  # seconds of the twelve hours: what is not settled by then goes back, at the cursor that it has reached
_LONGEST = MAX_VISIBILITY.total_seconds() - 1  # counted from the receive; SQS is told whole seconds, rounded up


class Lease:
    """One message that is ours until `expires` (monotonic seconds, computed from before the call that gave it).

    `Leases` alone writes its fields.
    """

    __slots__ = ("_holder", "due", "expires", "lost", "message")

    def __init__(self, message: Message, expires: float, holder: asyncio.Task[None] | None) -> None:
        self.message = message
        self.lost = False
        self._holder = holder
        self.extend(message.held_from, expires)

    def extend(self, now: float, expires: float) -> None:
        """It is ours until then; renew it at half of what remains."""
        self.expires = expires
        self.due = min(expires, now + max(_SOONEST, (expires - now) / 2))

    def end(self) -> None:
        """Its twelve hours are nearly over: cancel the delivery, which hands the message back or sends what goes on."""
        if self._holder is not None:
            self._holder.cancel("twelve hours")
            self._holder = None  # once

    def lose(self) -> None:
        """It may be somebody else's by now: cancel the delivery, which says nothing more about the message."""
        self.lost = True
        if self._holder is not None:
            self._holder.cancel("lease lost")


class Leases:
    """One heartbeat per queue over everything held: waiting, sending, settling, draining."""

    def __init__(self, vendor: str, queue: Queue, *, visibility: timedelta, clock: Clock, telemetry: Telemetry) -> None:
        self._vendor = vendor
        self._queue = queue
        self._visibility = visibility.total_seconds()
        self._clock = clock
        self._telemetry = telemetry
        self._held: dict[str, Lease] = {}
        self._renewing: dict[str, asyncio.Future[None]] = {}  # receipts in a call that is in the air
        self._sooner = asyncio.Event()
        self._wakes_at = math.inf  # monotonic; when `keep` looks next

    def hold(self, message: Message, holder: asyncio.Task[None] | None) -> Lease:
        """Keep a message that was just received; `holder` is cancelled if it is lost."""
        lease = Lease(message, message.held_from + self._visibility - _EARLY, holder)
        self._held[message.receipt] = lease
        if lease.due < self._wakes_at:
            self._sooner.set()
        return lease

    def release(self, lease: Lease) -> None:
        """No heartbeat is begun for it from here on."""
        self._held.pop(lease.message.receipt, None)

    async def silence(self, lease: Lease) -> None:
        """Release it and wait for the heartbeat in the air: the visibility written next must be the last."""
        self.release(lease)
        if call := self._renewing.get(lease.message.receipt):
            await asyncio.wait([call])

    def alive(self, lease: Lease) -> bool:
        """Whether it is still ours, at this very instant."""
        return not lease.lost and self._clock.monotonic() < lease.expires

    def longest(self, lease: Lease) -> timedelta:
        """How long SQS would still hide its message: twelve hours from the receive, in all."""
        return timedelta(seconds=max(0.0, lease.message.held_from + _LONGEST - self._clock.monotonic()))

    async def keep(self) -> None:
        """Renew what is due, for ever; the last thing that a stop cancels."""
        while True:
            self._sooner.clear()
            self._wakes_at = min((lease.due for lease in self._held.values()), default=math.inf)
            wait = None if self._wakes_at == math.inf else max(0.0, self._wakes_at - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait):
                    await self._sooner.wait()
            except TimeoutError:
                await self._renew_due()

    async def _renew_due(self) -> None:
        now = self._clock.monotonic()
        for lease in [lease for lease in self._held.values() if now >= lease.expires]:
            self._lose(lease)
        due = sorted((lease for lease in self._held.values() if lease.due <= now), key=lambda lease: lease.expires)
        await asyncio.gather(*(self._renew(due[i : i + _TEN]) for i in range(0, len(due), _TEN)))

    async def _renew(self, leases: Sequence[Lease]) -> None:
        """One call for at most ten; what fails is tried again at half of what then remains, while the lease lives."""
        leases = [lease for lease in leases if lease.message.receipt in self._held]  # silenced since they fell due
        if not leases:
            return
        now = self._clock.monotonic()
        ends = [min(now + self._span(lease, now), lease.message.held_from + _LONGEST) for lease in leases]  # SQS's
        try:
            failures = await self._extend(leases, [timedelta(seconds=max(0.0, end - now)) for end in ends])
        except (AwsError, TimeoutError) as error:
            self._failed(error.code if isinstance(error, AwsError) else "TimeoutError", leases)
            return
        for index, (lease, end) in enumerate(zip(leases, ends, strict=True)):
            if (failure := failures.get(index)) is None:
                lease.extend(now, end - _EARLY)
                if end - now <= _LAST and end == lease.message.held_from + _LONGEST:
                    lease.end()
            elif not failure.final:
                self._failed(failure.code, [lease])
            elif lease.message.receipt in self._held:
                self._lose(lease)

    def _span(self, lease: Lease, now: float) -> float:
        """For how long to ask: longer where we come late, for what held us up or failed may do so again."""
        late = lease.expires - now < self._visibility / 4
        return self._visibility * _LATE if late else self._visibility

    async def _extend(self, leases: Sequence[Lease], times: Sequence[timedelta]) -> Mapping[int, EntryFailure]:
        entries = [(lease.message.receipt, time) for lease, time in zip(leases, times, strict=True)]
        call: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._renewing.update((receipt, call) for receipt, _ in entries)
        try:
            async with asyncio.timeout(max(_SOONEST, (leases[0].expires - self._clock.monotonic()) / 2)):
                return {failure.index: failure for failure in await self._queue.change_visibility(entries)}
        finally:
            call.set_result(None)
            for receipt, _ in entries:
                self._renewing.pop(receipt, None)

    def _failed(self, error: str, leases: Sequence[Lease]) -> None:
        self._telemetry.emit(AwsCallFailed(self._vendor, "ChangeMessageVisibility", error, len(leases)))
        now = self._clock.monotonic()
        for lease in leases:
            lease.extend(now, lease.expires)

    def _lose(self, lease: Lease) -> None:
        self.release(lease)
        lease.lose()
        self._telemetry.emit(LeaseLost(self._vendor, lease.message.id))
