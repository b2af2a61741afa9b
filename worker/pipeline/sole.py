"""A limit whose only sender this task is, as long as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from worker.model.events import LimiterDegraded, LimiterRestored
from worker.model.rate import Rate
from worker.pipeline.closed import ClosedError
from worker.pipeline.tenancy import Tenancy
from worker.pipeline.throttle import Throttle
from worker.ports import Clock, Telemetry

_PATIENCE = 60.0  # seconds that a request waits for the right


@dataclass(frozen=True, slots=True)
class Terms:
    """What is kept: all of the rate, or the share that is safe for all tasks while none can ask the others."""

    full: Rate
    safe: Rate


class SoleThrottle:
    """A throttle that lets nothing through while another task sends.

    Where nobody can be asked any more it keeps to the `safe` share: windows are exact across the change.
    """

    def __init__(
        self, name: str, throttle: Throttle, tenancy: Tenancy, terms: Terms, *, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._name = name
        self._throttle = throttle
        self._tenancy = tenancy
        self._terms = terms
        self._clock = clock
        self._telemetry = telemetry
        self._since = 0.0  # monotonic: when it last began to keep to the safe share
        self.room = 0  # not needed here
        self._is_degraded = False

    @property
    def is_degraded(self) -> bool:
        """Whether it keeps to the safe share."""
        return self._is_degraded

    @property
    def wanted(self) -> int:
        """Tokens that requests wait for; the gate writes it."""
        return self._throttle.wanted

    @wanted.setter
    def wanted(self, count: int) -> None:
        self._throttle.wanted = count

    def shut_for(self) -> float:
        """Seconds until the next may be sent."""
        self._heed()
        return max(self._tenancy.opens_in(), self._throttle.shut_for())

    async def wait(self, cost: int = 1) -> None:
        """Return when `cost` tokens may be used; `take` follows at once, with nothing awaited between.

        Raises ClosedError where another task has had the right for a minute: the message goes back, and that one
        sends it.
        """
        while True:
            await self._tenancy.opened(_PATIENCE)
            self._endure()
            self._heed()
            await self._throttle.wait(cost)
            if not self._tenancy.opens_in():  # the right may have been lost in the wait
                return

    def _endure(self) -> None:
        if self._tenancy.opens_in() == math.inf:
            raise ClosedError(math.inf)

    def take(self, cost: int = 1) -> None:
        """They are used now."""
        self._throttle.take(cost)

    def throttled(self, sent_at: float, closed_for: float = 0.0) -> None:
        """The vendor wanted less."""
        self._throttle.throttled(sent_at, closed_for)

    @property
    def factor(self) -> float:
        """What the adaptive rate leaves of the configured one."""
        return self._throttle.factor

    def is_idle(self, now: float) -> bool:
        """Whether one made anew would be the same."""
        return not self._is_degraded and self._throttle.is_idle(now)

    def forecast(self, look_ahead: float) -> int:
        """How many may be sent from now until `look_ahead` seconds from now."""
        self._heed()
        return self._throttle.forecast(look_ahead) if self._tenancy.opens_in() <= look_ahead else 0

    @property
    def waits_for(self) -> str:
        """Why nothing may leave, for people; empty: it may."""
        return "the right to send, which another task has" if self._tenancy.opens_in() else ""

    @property
    def ahead(self) -> int:
        """None: it reserves nothing."""
        return 0

    def steady(self, look_ahead: float) -> float:
        """How many pass in `look_ahead` seconds on a long day."""
        return self._throttle.steady(look_ahead)

    def _heed(self) -> None:
        """Slow down where the right cannot be had anew, and go on as before once it can."""
        if self._tenancy.is_adrift == self._is_degraded:
            return
        self._is_degraded = self._tenancy.is_adrift
        now = self._clock.monotonic()
        self._throttle.change(self._terms.safe if self._is_degraded else self._terms.full)
        if self._is_degraded:
            self._since = now
            self._telemetry.emit(LimiterDegraded(self._name, self._tenancy.reason))
        else:
            self._telemetry.emit(LimiterRestored(self._name, now - self._since))
