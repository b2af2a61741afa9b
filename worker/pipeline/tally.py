"""Windows above a minute while the state table, which counts them, is away."""

from __future__ import annotations

import math
from collections.abc import Mapping

from worker.model.pacing import LEAD, PATIENCE, Pacing
from worker.model.rate import Window
from worker.model.reservation import Ask, LimitState
from worker.ports import Clock

_EACH = 3.0  # seconds between two looks


class AwayTally:
    """What is left of them, as it was seen last, and what was sent uncounted."""

    def __init__(self, pacing: Pacing, clock: Clock) -> None:
        self._pacing = pacing
        self._clock = clock
        self._left: Mapping[Window, int] = {}
        self._seen_at = -math.inf
        self.owed = 0  # tokens that were sent by the safe share and are not counted yet

    def look_in(self) -> float:
        """Seconds until it should be looked at again; infinity: there are no such windows."""
        return self._seen_at + _EACH - self._clock.monotonic() if self._pacing.quotas else math.inf

    def see(self, state: LimitState) -> None:
        """So it stands."""
        self._left = {window: window.limit - state.used.get(window.seconds, 0) for window in self._pacing.quotas}
        self._seen_at = self._clock.monotonic()

    def left(self, failing_since: float) -> Mapping[Window, float]:
        """At least so much of each was left when the table went away, whatever was given since it was seen."""
        given = (failing_since + PATIENCE + 2 * LEAD - self._seen_at) / self._pacing.spacing
        return {window: left - given for window, left in self._left.items()}

    def owe(self, tokens: int) -> None:
        """So many were sent."""
        if self._pacing.quotas:
            self.owed += tokens

    def ask(self) -> Ask:
        """What counts them; in the past, so that nobody takes it for a reservation."""
        instant = self._clock.now().timestamp()
        quotas, guard = self._pacing.quotas, self._pacing.stretch
        return Ask(self.owed, 0.0, instant - LEAD, instant, quotas=quotas, guard=guard, probe=0.0)
