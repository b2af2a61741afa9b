"""What a task sends while the state table is away."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from worker.model.pacing import CATCH_UP, LEAD, PATIENCE, SAFE, Pacing
from worker.model.rate import Rate, Window
from worker.model.reservation import Granted
from worker.pipeline.ceiling import Ceiling
from worker.ports import Clock


class SafeShare(Protocol):
    """So little that all tasks together stay below the limit without a word between them."""

    def granted(self, granted: Granted) -> None:
        """The table has given this task these slots."""

    def begin(self, failing_since: float, left: Mapping[Window, float]) -> None:
        """The table has been away since then (monotonic seconds); `left` of each window above a minute at that time."""

    def opens_in(self, cost: int) -> float:
        """Seconds until so many tokens may be used; infinity: not before the table is back."""

    def take(self, cost: int) -> None:
        """They are used now."""

    @property
    def per_second(self) -> float:
        """How many pass in a second on a long day."""


class EvenShare:
    """SAFE ÷ max_tasks of the limit, one after the other; the first comes when its interval is over."""

    def __init__(self, rate: Rate, pacing: Pacing, clock: Clock) -> None:
        self._rate = rate
        self._pacing = pacing
        self._clock = clock
        self._ceiling = Ceiling(rate, pacing.guard)
        self._interval = max((window.seconds + pacing.guard) / window.limit for window in rate.windows)
        self._next = -math.inf
        self._left: dict[Window, tuple[int, float]] = {}  # of windows above a minute, until then

    def granted(self, granted: Granted) -> None:
        """It goes by the limit alone."""

    def begin(self, failing_since: float, left: Mapping[Window, float]) -> None:
        """The first token comes an interval from now."""
        now = self._clock.monotonic()
        self._next = max(self._next, now + self._interval)
        for window in self._pacing.quotas:
            share = math.floor(SAFE * max(0.0, left.get(window, 0.0)) / self._pacing.max_tasks)
            over = failing_since + self._pacing.given_up + window.seconds + self._pacing.guard
            self._left[window] = share, over

    def opens_in(self, cost: int) -> float:
        """Seconds until so many tokens may be used."""
        now = self._clock.monotonic()
        if any(now < over and cost > left for left, over in self._left.values()):
            return math.inf
        return max(self._next, self._ceiling.opens_at(cost)) - now

    def take(self, cost: int) -> None:
        """They are used now."""
        now = self._clock.monotonic()
        self._ceiling.take(now, cost)
        self._next = max(self._next, now - CATCH_UP) + cost * self._interval
        self._left = {window: (left - cost, over) for window, (left, over) in self._left.items()}

    @property
    def per_second(self) -> float:
        """On a long day."""
        return self._rate.per_second


class LastRound:
    """Where less than one in a window is a task's share: its own last slots again, a period later, and again.

    All tasks' slots of the last period lie a spacing apart, so they do a period later: the limit is kept exactly. None
    is used that may lie so far back that another task has had the same place in the period after it. A task that has
    had no slot lately, or none at all, sends nothing.
    """

    def __init__(self, pacing: Pacing, clock: Clock) -> None:
        self._pacing = pacing
        self._clock = clock
        self._granted: deque[float] = deque(maxlen=pacing.seats)  # seconds since 1970
        self._seats: list[float] = []  # a heap: the next instant of each

    def granted(self, granted: Granted) -> None:
        """They are its seats."""
        self._granted.extend(granted.first + index * granted.spacing for index in range(granted.count))

    def begin(self, failing_since: float, left: Mapping[Window, float]) -> None:  # noqa: ARG002 - nothing is counted
        """Nobody has been given a slot later than twice the lead after a call that failed had begun and ended."""
        now, instant = self._clock.monotonic(), self._now()
        last = failing_since - now + instant + PATIENCE + 2 * LEAD
        oldest = last - self._pacing.period + self._pacing.spacing
        self._seats = [slot for slot in self._granted if oldest < slot]
        heapq.heapify(self._seats)

    def opens_in(self, cost: int) -> float:
        """Seconds until its next seat comes."""
        now = self._now()
        while self._seats and self._seats[0] + self._pacing.tolerance < now:
            missed = math.ceil((now - self._seats[0]) / self._pacing.period)
            heapq.heapreplace(self._seats, self._seats[0] + missed * self._pacing.period)
        return self._seats[0] - now if self._seats and cost == 1 else math.inf

    def take(self, cost: int) -> None:
        """It is used now."""
        heapq.heapreplace(self._seats, self._seats[0] + cost * self._pacing.period)

    @property
    def per_second(self) -> float:
        """On a long day."""
        return len(self._seats) / self._pacing.period

    def _now(self) -> float:
        return self._clock.now().timestamp()


class NoShare:
    """Nothing: where less than one in a window is a task's share, and it is kept by counting."""

    def granted(self, granted: Granted) -> None:
        """It makes nothing of them."""

    def begin(self, failing_since: float, left: Mapping[Window, float]) -> None:
        """It never begins."""

    def opens_in(self, cost: int) -> float:  # noqa: ARG002 - whatever it costs
        """Never."""
        return math.inf

    def take(self, cost: int) -> None:
        """Nothing was ever open."""

    per_second = 0.0
