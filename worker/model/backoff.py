"""How long a failed message waits: exponential, with full jitter."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: uniform in 0 … min(cap, base · 2^(n−1)) after the n-th failure.

    Source of the formula: AWS Architecture Blog, "Exponential Backoff And Jitter".
    `chance` returns a number in [0, 1).
    """

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(minutes=15)
    chance: Callable[[], float] = random.random

    def delay(self, failures: int) -> timedelta:
        """The wait after so many failures (1 or more)."""
        doublings = min(max(failures - 1, 0), 30)  # beyond 2^30 every cap is reached
        return min(self.cap, self.base * (1 << doublings)) * self.chance()
