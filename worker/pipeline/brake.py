"""The adaptive rate of one process: below the configured rate after a 429, never above it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from worker.model.adaptive import Adaptive


class _Bucket:
    """`size` tokens, refilled one each `interval` seconds of slowed time."""

    __slots__ = ("interval", "paid", "size")

    def __init__(self, size: int, per_second: float) -> None:
        self.size = size
        self.interval = 1 / per_second
        self.paid = 0.0  # slowed seconds: when all that was taken will have been refilled

    def opens_at(self, cost: int) -> float:
        """In slowed seconds; a call of more than it holds leaves when it is full, and is waited for afterwards."""
        return self.paid - (self.size - min(cost, self.size)) * self.interval

    def take(self, slowed: float, cost: int) -> None:
        self.paid = max(self.paid, slowed) + cost * self.interval

    def room(self, now: float, until: float) -> int:
        return max(0, int((until - max(self.paid, now)) / self.interval + self.size))


class Brake:
    """Buckets that are refilled in slowed time, one for each window and one for the burst.

    So on a long day no more passes than factor × limit of each window, and in between factor × pace: a process that
    was idle may still send what a window holds.
    """

    def __init__(self) -> None:
        self._adaptive = Adaptive()
        self._buckets: list[_Bucket] = []
        self._slowed = 0.0  # seconds of slowed time that had passed `_at`
        self._at = 0.0

    def follow(self, buckets: Sequence[tuple[int, float]]) -> None:
        """Keep these from now on: each with its size, and the tokens per second that refill it at factor 1."""
        self._buckets = [_Bucket(size, per_second) for size, per_second in buckets]

    def factor(self, now: float) -> float:
        """What is left of the configured rate: above 0, at most 1."""
        return self._adaptive.now(now)

    def throttled(self, sent_at: float, now: float, closed_for: float) -> None:
        """The vendor wanted less when it got what left at `sent_at`, and nothing at all for so many seconds."""
        self._slowed, self._at = self._time(now), now
        self._adaptive = self._adaptive.throttled(sent_at, now, closed_for=closed_for)

    def shut_for(self, now: float, cost: int) -> float:
        """Seconds until so many tokens may be used; at factor 1 nothing is held back."""
        missing = max(bucket.opens_at(cost) for bucket in self._buckets) - self._time(now)
        recovering = self._adaptive.full_at - now
        return min(self._adaptive.lasts(missing, now), recovering) if min(missing, recovering) > 0 else 0.0

    def take(self, now: float, cost: int) -> None:
        """They are used now."""
        slowed = self._time(now)
        for bucket in self._buckets:
            bucket.take(slowed, cost)

    def room(self, now: float, look_ahead: float) -> int:
        """How many could be used from now until `look_ahead` seconds from now; at factor 1 any number."""
        if now >= self._adaptive.full_at:
            return sys.maxsize
        slowed, until = self._time(now), self._time(now + look_ahead)
        return min(bucket.room(slowed, until) for bucket in self._buckets)

    def is_idle(self, now: float) -> bool:
        """Whether one made anew would be the same."""
        return self.factor(now) >= 1 and all(bucket.paid <= self._time(now) for bucket in self._buckets)

    def _time(self, now: float) -> float:
        """Slowed seconds."""
        return self._slowed + self._adaptive.passed(self._at, now)
