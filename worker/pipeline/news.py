"""What the vendor said, on its way to the other tasks."""

from __future__ import annotations

import asyncio
from collections import deque

from worker.model.errors import AwsError
from worker.model.pacing import PATIENCE
from worker.model.reservation import LimitNews
from worker.ports import Clock, Reservations

_AGAIN = 0.3  # seconds between two tries


class News:
    """Told one after the other, in the order of their coming, each until it is known or does not matter any more."""

    def __init__(self, reservations: Reservations, clock: Clock) -> None:
        self._reservations = reservations
        self._clock = clock
        self._waiting: deque[tuple[LimitNews, float]] = deque()
        self._come = asyncio.Event()

    def add(self, news: LimitNews, lasting: float) -> None:
        """One more, which matters for so many seconds."""
        self._waiting.append((news, self._clock.monotonic() + lasting))
        self._come.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def keep(self) -> None:
        """Tell them, until cancelled."""
        while True:
            while self._waiting:
                if not await self._told(*self._waiting[0]):
                    await asyncio.sleep(_AGAIN)
                    continue
                self._waiting.popleft()
            self._come.clear()
            await self._come.wait()

    async def _told(self, news: LimitNews, until: float) -> bool:
        """Whether that is done with."""
        if self._clock.monotonic() >= until:
            return True
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reservations.tell(news)
        except (AwsError, TimeoutError):
            return False
        return True
