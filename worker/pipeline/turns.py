"""When those come again that were put off for one key: one after the other."""

from __future__ import annotations

_GRACE = 60.0  # seconds past the time of those who were told one; then, with none of them seen, nobody comes any more


class Turns:
    """Each is told a time of its own, behind all that were told one before. Owned by the gate; monotonic seconds.

    Those who come back take their turn when they are there; a newcomer goes behind them. A line in which nobody is
    seen for a while is over: its messages were purged, or another task has them.
    """

    __slots__ = ("_last", "_next", "_over_at")

    def __init__(self) -> None:
        self._last = 0.0  # the time of the last of them
        self._next = 0.0  # that of one more, behind it
        self._over_at = 0.0  # unless one of them comes before

    def behind(self, opens_at: float, now: float) -> float:
        """The time of one more; `opens_at`: what it would be if nobody had been put off."""
        return max(opens_at, self._next) if self.pending(now) else opens_at

    def give(self, opens_at: float, now: float, *, lasting: float) -> float:
        """The same, and it is told that time: the next one comes `lasting` seconds after it."""
        pending, turn = self.pending(now), self.behind(opens_at, now)
        if not pending:
            self._over_at = turn + _grace(lasting)
        self._last, self._next = turn, turn + lasting
        return turn

    def seen(self, now: float) -> None:
        """One was sent: they do come."""
        self._over_at = max(self._over_at, now + _grace(self._next - self._last))

    def pending(self, now: float) -> bool:
        """Whether some of them are still to come."""
        return self._last > now and self._over_at > now


def _grace(lasting: float) -> float:
    return _GRACE + 2 * lasting
