"""How requests are spread over a window: one token after the other, in small bursts."""

from __future__ import annotations

from aiolimiter import AsyncLimiter

from worker.model.rate import Rate
from worker.ports import Clock

# It runs a little faster than the limit: what a timer is late must be made up for, and the ceiling holds anyway.
# At just the limit, 600/min uses 99.0 % of what it may; with this, 99.9 %.
_HASTE = 1.05


class Pace:
    """Tokens of aiolimiter's, by the shortest window; a call of cost c needs c of them, taken one by one.

    It makes no call later than the ceiling alone would by more than the shortest window: over a whole window it is
    faster than the ceiling, so what it delays it delays only once. That holds for calls of one cost, each of which the
    ceiling keeps the same number of calls behind another. Of calls of different costs some must leave together, or a
    window is never full: from the first of another cost on, the time for which the ceiling holds a call back anyway
    counts as paced.
    """

    def __init__(self, rate: Rate, burst: int | None, clock: Clock) -> None:
        self._said = burst
        self._clock = clock
        self._in_hand = 0.0  # of a waiter that was cancelled or turned away, or counted as paced
        self._counted = 0.0  # the instant until which time was counted as paced, or used
        self._cost: int | None = None  # of the last call
        self._mixed = False
        self._spread(rate)

    def follow(self, rate: Rate) -> None:
        """Spread by another rate from now on."""
        self._spread(rate)
        self._in_hand = min(self._in_hand, self.burst)
        self._counted = min(self._counted, self._clock.monotonic())

    def _spread(self, rate: Rate) -> None:
        shortest = min(rate.windows, key=lambda window: (window.seconds, window.limit))
        self._limit = shortest.limit
        self.burst = min(self._said or max(1, int(shortest.per_second / 20)), shortest.limit)
        self.per_second = shortest.per_second * _HASTE
        self._limiter = AsyncLimiter(self.burst, self.burst / self.per_second)

    async def acquire(self, cost: int, opens_at: float) -> None:
        """Return with so many tokens in hand; before `opens_at` (monotonic seconds) the ceiling lets none leave."""
        self._mixed = self._mixed or self._cost not in (cost, None)
        self._cost = cost
        if self._mixed:
            self._count(opens_at)
        while self._in_hand < cost:
            await self._limiter.acquire()
            self._in_hand += 1

    def _count(self, opens_at: float) -> None:
        """Count the time until the ceiling opens; take off that in which nobody wanted to send."""
        closed = max(0.0, opens_at - self._counted)
        idle = max(0.0, self._clock.monotonic() - max(opens_at, self._counted))
        self._counted += closed + idle
        self._in_hand = min(self._limit, max(0.0, self._in_hand + (closed - idle) * self.per_second))

    def spend(self, cost: int) -> None:
        """The call leaves now."""
        most = self._limit if self._mixed else self.burst
        self._in_hand = max(0.0, min(self._in_hand - cost, most))
        self._counted = self._clock.monotonic()
