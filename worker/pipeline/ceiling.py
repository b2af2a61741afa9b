"""The promise itself: in any rolling window at most `limit` requests leave."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque

from worker.model.rate import Rate

_ROUNDING = 1e-6  # seconds; adding floats may lose less than this


class Ceiling:
    """Remembers the instants of sending, each token by itself; each window is stretched by the guard (seconds).

    The n-th token may be used once the (n − limit)-th is a window and a guard ago: exact for every window of the rate.
    Another rate counts what was sent before it, exactly in windows up to the longest so far or `memory` seconds. In a
    longer one what is forgotten counts as if it had all been sent at the last instant that is: never one too many.
    """

    def __init__(self, rate: Rate, guard: float, *, memory: float = 0.0) -> None:
        self._guard = guard
        self._memory = memory
        self._used: deque[float] = deque()
        self._forgotten = 0  # tokens that were used at `_last_forgotten` or before
        self._last_forgotten = -math.inf
        self.change(rate)

    def change(self, rate: Rate) -> None:
        """Keep another rate from now on."""
        stretch = self._guard + _ROUNDING
        self._windows = [(window.limit, window.seconds + stretch) for window in rate.windows]
        self._reach = max(self._memory + stretch, *(span for _, span in self._windows))

    def opens_at(self, cost: int = 1) -> float:
        """The instant (monotonic seconds) from which so many tokens may be used.

        0 while there is room; infinity where a window never lets so many through at once.
        """
        return max(0.0, *(self._last(limit - cost + 1) + span for limit, span in self._windows))

    def _last(self, number: int) -> float:
        """When the last token (1), the last but one (2)… was used."""
        if number < 1:
            return math.inf
        if number <= len(self._used):
            return self._used[-number]
        return self._last_forgotten if number <= len(self._used) + self._forgotten else -math.inf

    def take(self, now: float, cost: int = 1) -> None:
        """So many are used at this very instant."""
        while self._used and self._used[0] + self._reach <= now:
            self._last_forgotten = self._used.popleft()
            self._forgotten += 1
        self._used.extend([now] * cost)

    def is_idle(self, now: float) -> bool:
        """Whether nothing that was sent counts any more."""
        return all(self._held(span, now) == 0 for _, span in self._windows)

    def room(self, now: float, look_ahead: float) -> int:
        """How many could be sent from now until `look_ahead` seconds from now."""
        return min(self._room(limit, span, now, look_ahead) for limit, span in self._windows)

    def _room(self, limit: int, span: float, now: float, look_ahead: float) -> int:
        rounds, rest = divmod(look_ahead, span)  # a token that is freed within the rest makes room once more
        return limit * (int(rounds) + 1) - min(limit, self._held(span, now + rest))

    def _held(self, span: float, now: float) -> int:
        """Tokens that a window of this span still counts at `now`."""
        if self._last_forgotten + span > now:
            return len(self._used) + self._forgotten
        return len(self._used) - bisect_right(self._used, now, key=lambda instant: instant + span)
