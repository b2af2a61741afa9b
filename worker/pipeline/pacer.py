"""What the gate needs of whatever keeps a vendor's limit."""

from __future__ import annotations

from typing import Protocol


class Pacer(Protocol):
    """A limit, kept by this process alone or together with the fleet; one waiter at a time, which the gate sees to."""

    wanted: int  # tokens that requests wait for; the gate writes it
    room: int  # requests that may leave at once; the gate writes it

    def shut_for(self) -> float:
        """Seconds until the next may be sent, as far as is known; 0 where it may be now."""

    async def wait(self, cost: int = 1) -> None:
        """Return when `cost` tokens may be used; `take` follows at once, with nothing awaited between."""

    def take(self, cost: int = 1) -> None:
        """They are used now."""

    def throttled(self, sent_at: float, closed_for: float = 0.0) -> None:
        """The vendor wanted less when it got what left at `sent_at` (monotonic), and nothing for so many seconds."""

    @property
    def factor(self) -> float:
        """What the adaptive rate leaves of the configured one: above 0, at most 1."""

    def is_idle(self, now: float) -> bool:
        """Whether one made anew would be the same: nothing was sent in any window, nobody waits."""

    def forecast(self, look_ahead: float) -> int:
        """How many may be sent from now until `look_ahead` seconds from now; it reserves nothing."""

    @property
    def is_degraded(self) -> bool:
        """Whether it keeps to a safe share, because the other tasks cannot be asked."""

    @property
    def waits_for(self) -> str:
        """What keeps it from sending at all, beside the limit, for people; empty: nothing."""

    @property
    def ahead(self) -> int:
        """Send times that are reserved and not used yet."""

    def steady(self, look_ahead: float) -> float:
        """How many pass in `look_ahead` seconds on a long day."""
