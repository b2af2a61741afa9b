"""A vendor's limit, kept by this process: the pace spreads the requests, the ceiling keeps the promise."""

from __future__ import annotations

import asyncio
import math

from worker.model.errors import BadMessageError
from worker.model.rate import Rate
from worker.pipeline.brake import Brake
from worker.pipeline.ceiling import Ceiling
from worker.pipeline.pace import Pace
from worker.ports import Clock

_MEMORY = 60.0  # seconds: with a change of rate any window up to this counts all that was sent in it


class Throttle:
    """At most `rate`, spread evenly in bursts of `burst`; one waiter at a time, which the gate sees to.

    `adaptive`: less after a 429, and slowly all of it again. A bare `AsyncLimiter(n, t)` lets 2n−1 through in its first
    window, and at burst 1 loses what each timer is late.
    """

    def __init__(
        self, rate: Rate, *, guard: float, clock: Clock, burst: int | None = None, adaptive: bool = False
    ) -> None:
        self._rate = rate
        self._guard = guard
        self._clock = clock
        self._pace = Pace(rate, burst, clock)
        self._ceiling = Ceiling(rate, guard, memory=_MEMORY)
        self._brake = Brake() if adaptive else None
        self._waiting: asyncio.Timeout | None = None
        self.wanted = 0  # tokens that requests wait for; the gate writes it
        self.room = 0  # not needed here
        self._refill()

    def change(self, rate: Rate) -> None:
        """Keep another limit from this instant on; what was sent before counts, and who waits waits by the new one."""
        self._rate = rate
        self._ceiling.change(rate)
        self._pace.follow(rate)
        self._refill()
        if self._waiting and not self._waiting.expired():
            self._waiting.reschedule(0.0)

    def _refill(self) -> None:
        if self._brake:
            windows = [(window.limit, window.limit / (window.seconds + self._guard)) for window in self._rate.windows]
            self._brake.follow([(self._pace.burst, self._pace.per_second), *windows])

    def shut_for(self, cost: int = 1) -> float:
        """Seconds until so much may be sent, by the ceiling and the adaptive rate; 0 where it may be now."""
        now = self._clock.monotonic()
        braked = self._brake.shut_for(now, cost) if self._brake else 0.0
        return max(braked, self._ceiling.opens_at(cost) - now)

    async def wait(self, cost: int = 1) -> None:
        """Return when `cost` tokens may be used; `take` follows at once, with nothing awaited between.

        Raises BadMessageError for a call that costs more than the limit ever lets through at once.
        """
        may_leave = False
        while not may_leave:
            may_leave = await self._waited(cost)

    async def _waited(self, cost: int) -> bool:
        """Whether it may be sent now; else the rate was changed meanwhile."""
        if self.shut_for(cost) == math.inf:
            raise BadMessageError(f"it counts {cost} times, and the limit is less", code="cost")
        try:
            async with asyncio.timeout(None) as self._waiting:
                await self._pace.acquire(cost, self._ceiling.opens_at(cost))
                while (wait := self.shut_for(cost)) > 0:  # noqa: ASYNC110 - a deadline, no flag
                    await asyncio.sleep(wait)
        except TimeoutError:
            return False
        finally:
            self._waiting = None
        return True

    def take(self, cost: int = 1) -> None:
        """They are used now."""
        now = self._clock.monotonic()
        self._pace.spend(cost)
        self._ceiling.take(now, cost)
        if self._brake:
            self._brake.take(now, cost)

    def throttled(self, sent_at: float, closed_for: float = 0.0) -> None:
        """The vendor wanted less when it got what left at `sent_at`, and nothing at all for so many seconds."""
        if self._brake:
            self._brake.throttled(sent_at, self._clock.monotonic(), closed_for)

    @property
    def factor(self) -> float:
        """What the adaptive rate leaves of the configured one: above 0, at most 1."""
        return self._brake.factor(self._clock.monotonic()) if self._brake else 1.0

    def is_idle(self, now: float) -> bool:
        """Whether one made anew would be the same."""
        return not self.wanted and self._ceiling.is_idle(now) and (self._brake is None or self._brake.is_idle(now))

    def forecast(self, look_ahead: float) -> int:
        """How many may be sent from now until `look_ahead` seconds from now; it reserves nothing."""
        now = self._clock.monotonic()
        room = min(self._pace.burst + int(self._pace.per_second * look_ahead), self._ceiling.room(now, look_ahead))
        return min(room, self._brake.room(now, look_ahead)) if self._brake else room

    @property
    def is_degraded(self) -> bool:
        """Never: it asks nobody."""
        return False

    @property
    def waits_for(self) -> str:
        """Nothing: it asks nobody."""
        return ""

    @property
    def ahead(self) -> int:
        """None: it reserves nothing."""
        return 0

    def steady(self, look_ahead: float) -> float:
        """How many pass in `look_ahead` seconds on a long day."""
        return self._rate.per_second * self.factor * look_ahead
