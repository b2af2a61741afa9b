"""A limit that the gates of one process share."""

from __future__ import annotations

from worker.model.reservation import Ask, Later, LimitNews, LimitState, Reservation
from worker.model.schedule import Schedule
from worker.ports import Clock


class MemoryReservations:
    """One limit in this process's memory (port `Reservations`); a restart forgets it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._schedule = Schedule()

    async def reserve(self, ask: Ask) -> Reservation:
        """Take send times that nobody else will be given."""
        found = self._schedule.grant(ask, self._now())
        if isinstance(found, Later):
            return found
        self._schedule = self._schedule.granted(found)
        return found.reservation(found.start)

    async def tell(self, news: LimitNews) -> None:
        """Tell all gates what the vendor said."""
        self._schedule = self._schedule.told(news, self._now())

    async def state(self) -> LimitState:
        """What is known now; for people."""
        return self._schedule.state(self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()
