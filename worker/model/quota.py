"""Windows above a minute, counted in parts: what is left of one, and what a grant writes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from worker.model.rate import Window

PARTS = 60  # of a window: each counts whole until it has ended a window ago, so that 60/61 of the limit are used
_KEPT = 30  # parts that count no more are kept while there is room, so that tasks seldom meet in removing them

Counts = Mapping[int, int]  # what each part of a window has counted; parts are numbered since 1970


@dataclass(frozen=True, slots=True)
class Tally:
    """What a grant adds to a window's counts, and which of them it removes."""

    seconds: float  # of the window
    part: int
    count: int
    most: int  # all that is counted before it is at most this, or the limit would be broken
    stale: Counts  # removed: they count no more
    total: int  # all that is counted before it, as it is known; what is removed is right only if this is

    def added(self, counts: Counts) -> Counts:
        """The counts after it."""
        kept = {part: count for part, count in counts.items() if part not in self.stale}
        return {**kept, self.part: kept.get(self.part, 0) + self.count}


@dataclass(frozen=True, slots=True)
class Quota:
    """A window for sends from the instant `start` on (seconds since 1970), stretched by `guard` seconds.

    A grant is counted in the part in which it is used up at the latest, so no later than it says; a part counts until
    its end is `seconds + guard` before the next start. Starts never go back, so whatever any window of that length
    holds was counted when its last grant was given.
    """

    window: Window
    guard: float
    counts: Counts
    start: float

    @property
    def left(self) -> int:
        """How many more may be granted."""
        return max(0, self.window.limit - sum(self.counts.values()) + sum(self._stale().values()))

    @property
    def frees_in(self) -> float:
        """Seconds from the start until the oldest part that counts does no more."""
        part = min((part for part in self.counts if part >= self._oldest), default=self._oldest)
        return (part + 1) * self._length + self.window.seconds + self.guard - self.start

    def tally(self, count: int, until: float) -> Tally:
        """A grant of so many (at most what is left), all used by `until`."""
        stale, total, most = self._stale(), sum(self.counts.values()), self.window.limit - count
        if total <= most and len(stale) < _KEPT:
            stale = {}
        return Tally(self.window.seconds, part_at(until, self.window.seconds), count, most, stale, total)

    @property
    def _length(self) -> float:
        return self.window.seconds / PARTS

    @property
    def _oldest(self) -> int:
        return part_at(self.start - self.window.seconds - self.guard, self.window.seconds)

    def _stale(self) -> Counts:
        return {part: count for part, count in self.counts.items() if part < self._oldest}


def part_at(instant: float, seconds: float) -> int:
    """The number of the part of a window of so many seconds in which an instant (since 1970) lies."""
    return math.floor(instant / (seconds / PARTS))
