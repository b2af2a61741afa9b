"""How many messages this task has hidden from all receivers for a while."""

from __future__ import annotations

from datetime import timedelta
from heapq import heappop, heappush

from worker.ports import Clock


class Postponed:
    """Counts what was made invisible here, by backoff, throttle or cooldown, and is not visible again yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: list[float] = []  # a heap of monotonic seconds

    def add(self, delay: timedelta) -> None:
        """One more, for so long from now."""
        self._forget()
        heappush(self._ends, self._clock.monotonic() + delay.total_seconds())

    def __len__(self) -> int:
        self._forget()
        return len(self._ends)

    def _forget(self) -> None:
        now = self._clock.monotonic()
        while self._ends and self._ends[0] <= now:
            heappop(self._ends)
