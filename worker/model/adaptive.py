"""The adaptive rate: less of the configured rate after a 429, and slowly all of it again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

CUT = 0.7  # what is left of the factor when the vendor throttles
RECOVERY = 0.01  # of the configured rate, regained in each second
LEAST = 0.05  # there is always something sent, or nothing would show that the vendor has recovered


@dataclass(frozen=True, slots=True)
class Adaptive:
    """The factor of the configured rate as it was `at` (seconds, of any one clock).

    Slowed time passes at the factor's pace: in a second at 0.7 so much may be sent as else in 0.7 seconds.
    """

    factor: float = 1.0
    at: float = 0.0

    def now(self, now: float) -> float:
        """The factor at `now`: LEAST … 1."""
        return max(LEAST, min(1.0, self.factor + RECOVERY * max(0.0, now - self.at)))

    def throttled(self, sent_at: float, now: float, *, closed_for: float = 0.0) -> Adaptive:
        """What holds after a 429 to a request that left at `sent_at`: one cut for all that left before it was made.

        While the vendor is closed nothing shows that it has recovered: what the factor would regain in so many seconds
        is taken off beforehand.
        """
        if self.at > sent_at:
            return self
        return Adaptive(max(LEAST, CUT * self.now(now)) - RECOVERY * closed_for, now)

    def passed(self, since: float, until: float) -> float:
        """Seconds of slowed time from `since` to `until`: the area under the factor, which runs straight in parts."""
        corners = [corner for corner in self._corners if since < corner < until]
        return sum(
            (later - sooner) * (self.now(sooner) + self.now(later)) / 2
            for sooner, later in pairwise([since, *corners, until])
        )

    def lasts(self, slowed: float, now: float) -> float:
        """Seconds from `now` in which so many seconds of slowed time pass."""
        at, left = now, slowed
        for corner in self._corners:
            if corner > at and (part := self.passed(at, corner)) < left:
                at, left = corner, left - part
        factor, slope = self.now(at), RECOVERY if self._corners[0] <= at < self._corners[1] else 0.0
        return at - now + 2 * left / (factor + sqrt(factor * factor + 2 * slope * left))

    @property
    def full_at(self) -> float:
        """The instant from which the factor is 1 again."""
        return self.at + (1 - self.factor) / RECOVERY

    @property
    def _corners(self) -> tuple[float, float]:
        """From the first instant on the factor rises, from the second on it is 1."""
        return self.at + max(0.0, (LEAST - self.factor) / RECOVERY), self.full_at
