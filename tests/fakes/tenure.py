"""The right to be the only sender, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.fakes.faults import Faults
from worker.model.message import NOTHING
from worker.ports import Clock, InProgress, Sole


@dataclass
class Seat:
    """What tasks share: who has it, until when, and until when his requests count; seconds since 1970."""

    owner: object = None
    ends: float = 0.0
    counts_until: float = 0.0


class MemoryTenure:
    """One task's way to the seat (port `Tenure`)."""

    def __init__(self, seat: Seat, clock: Clock) -> None:
        self.faults = Faults()
        self.seat = seat
        self._clock = clock

    async def claim(self, lasting: timedelta, window: timedelta) -> Sole | InProgress:
        """Have it, or have it on."""
        await self.faults.meet("claim")
        now, seat = self._clock.now().timestamp(), self.seat
        if seat.owner is not self and seat.ends > now:
            return InProgress(timedelta(seconds=seat.ends - now))
        wait = 0.0 if seat.owner is self else max(0.0, seat.counts_until - now)
        self._sit(lasting, window)
        return Sole(timedelta(seconds=wait))

    async def release(self, window: timedelta) -> None:
        """Let another have it at once."""
        await self.faults.meet("release")
        if self.seat.owner is self:
            self._sit(NOTHING, window)
            self.seat.owner = None

    def _sit(self, lasting: timedelta, window: timedelta) -> None:
        now = self._clock.now().timestamp()
        self.seat.owner, self.seat.ends = self, now + lasting.total_seconds()
        self.seat.counts_until = self.seat.ends + window.total_seconds()
