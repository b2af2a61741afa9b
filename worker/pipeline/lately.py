"""How many requests have left lately."""

from __future__ import annotations

import math

_SECONDS = 61  # counted apart: a minute, and the one under way


class Lately:
    """Requests of the last minute, by whole seconds: cheap, and exact to a second."""

    def __init__(self) -> None:
        self._counts = [0] * _SECONDS
        self._at = 0  # the second that is counted now

    def add(self, now: float) -> None:
        """One more leaves."""
        self._turn(now)
        self._counts[self._at % _SECONDS] += 1

    def within(self, seconds: float, now: float) -> int:
        """Of the last whole seconds: as many as `seconds` (at most a minute) has, and the one under way for none."""
        self._turn(now)
        length = min(_SECONDS - 1, max(1, math.ceil(seconds)))
        return sum(self._counts[(self._at - back) % _SECONDS] for back in range(1, length + 1))

    def _turn(self, now: float) -> None:
        second = math.floor(now)
        for passed in range(self._at + 1, min(second, self._at + _SECONDS) + 1):
            self._counts[passed % _SECONDS] = 0
        if second > self._at + _SECONDS:
            self._counts = [0] * _SECONDS
        self._at = max(self._at, second)
