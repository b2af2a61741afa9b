"""The send times that a task has in hand."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from worker.model.reservation import Granted
from worker.ports import Clock


@dataclass(frozen=True, slots=True)
class _Slot:
    at: float  # monotonic seconds
    instant: float  # the same, since 1970
    late: float  # seconds after which it is lost

    def opens_in(self, now: float, instant: float) -> float:
        """By the clock that is behind: where one jumps ahead, the other still tells."""
        return max(self.at - now, self.instant - instant)

    def is_over(self, now: float, instant: float) -> bool:
        """By the clock that is ahead."""
        return min(self.at - now, self.instant - instant) < -self.late


class Slots:
    """Each may be used once, from its instant on until it is too late; then it is forfeited.

    The keeper adds them, the gate's turn takes them.
    """

    def __init__(self, clock: Clock, forfeited: Callable[[int], None]) -> None:
        self._clock = clock
        self._forfeited = forfeited  # told how many were lost
        self._slots: deque[_Slot] = deque()

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, granted: Granted, late: float) -> None:
        """Those of a grant; each may be used so many seconds late."""
        ahead = self._clock.now().timestamp() - self._clock.monotonic()
        instants = (granted.first + index * granted.spacing for index in range(granted.count))
        self._slots.extend(_Slot(instant - ahead, instant, late) for instant in instants)

    def opens_in(self, cost: int) -> float:
        """Seconds until so many may be used; 0 or less: now. Infinity: there are not so many."""
        now, instant = self._clock.monotonic(), self._clock.now().timestamp()
        lost = 0
        while self._slots and self._slots[0].is_over(now, instant):
            self._slots.popleft()
            lost += 1
        if lost:
            self._forfeited(lost)
        return self._slots[cost - 1].opens_in(now, instant) if cost <= len(self._slots) else math.inf

    def last_in(self) -> float:
        """Seconds until the last one; minus infinity where there is none."""
        return self._slots[-1].at - self._clock.monotonic() if self._slots else -math.inf

    def within(self, seconds: float) -> int:
        """How many come within so many seconds from now."""
        return bisect_right(self._slots, self._clock.monotonic() + seconds, key=lambda slot: slot.at)

    def take(self, cost: int) -> None:
        """They are used now."""
        for _ in range(cost):
            self._slots.popleft()

    def drop(self) -> None:
        """None of them is to be used."""
        if lost := len(self._slots):
            self._slots.clear()
            self._forfeited(lost)
