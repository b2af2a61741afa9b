"""A vendor's limit, kept by this process: aiolimiter spreads the requests, the ceiling keeps the promise."""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter

from worker.model.rate import Rate
from worker.pipeline.ceiling import Ceiling
from worker.ports import Clock

# The pacer runs a little faster than the limit: what a timer is late must be made up for, and the ceiling holds anyway.
# At just the limit, 600/min uses 99.0 % of what it may; with this, 99.9 %.
_HASTE = 1.05


class Throttle:
    """At most `rate`, spread evenly in bursts of `burst`; one waiter at a time, which the gate sees to.

    A bare `AsyncLimiter(n, t)` lets 2n−1 through in its first window, and at burst 1 loses what each timer is late.
    """

    def __init__(self, rate: Rate, *, guard: float, clock: Clock, burst: int | None = None) -> None:
        shortest = rate.windows[0]
        self._burst = min(burst or max(1, int(shortest.per_second / 20)), shortest.limit)
        self._pace = shortest.per_second * _HASTE
        self._mean = rate.per_second
        self._pacer = AsyncLimiter(self._burst, self._burst / self._pace)
        self._ceiling = Ceiling(rate, guard)
        self._clock = clock
        self._paced = False  # a token of the pacer is in hand: of a waiter that was cancelled or turned away

    def shut_for(self) -> float:
        """Seconds until the next may be sent, by the ceiling; 0 where it may be sent now."""
        return max(0.0, self._ceiling.opens_at() - self._clock.monotonic())

    async def wait(self) -> None:
        """Return when one more may be sent; `take` follows at once, with nothing awaited between."""
        if not self._paced:
            await self._pacer.acquire()
            self._paced = True
        while (wait := self.shut_for()) > 0:  # noqa: ASYNC110 - a deadline, no flag
            await asyncio.sleep(wait)

    def take(self) -> None:
        """One is being sent now."""
        self._paced = False
        self._ceiling.take(self._clock.monotonic())

    def forecast(self, look_ahead: float) -> int:
        """How many may be sent from now until `look_ahead` seconds from now; it reserves nothing."""
        paced = self._burst + int(self._pace * look_ahead)
        return min(paced, self._ceiling.room(self._clock.monotonic(), look_ahead))

    def steady(self, look_ahead: float) -> float:
        """How many pass in `look_ahead` seconds on a long day."""
        return self._mean * look_ahead
