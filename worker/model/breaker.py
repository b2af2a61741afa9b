"""Whether a vendor fails so often that sending on only hurts: a failure ratio over a window."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Counts outcomes in two halves of a window; owned by the gate.

    It trips when of at least `samples` outcomes of the last `window` seconds (at least half of it is looked at) a share
    of `ratio` failed.
    """

    window: float = 30.0
    samples: int = 20
    ratio: float = 0.5
    _since: float = 0.0
    _before: tuple[int, int] = (0, 0)  # outcomes and failures of the half before
    _total: int = 0
    _failed: int = field(default=0)

    def trips(self, now: float, *, failed: bool) -> bool:
        """Take note of an outcome at `now` (monotonic seconds); True: open."""
        half, age = self.window / 2, now - self._since
        if age >= half:
            recent = age < self.window
            self._before = (self._total, self._failed) if recent else (0, 0)
            self._since, self._total, self._failed = self._since + half if recent else now, 0, 0
        self._total += 1
        self._failed += failed
        total, failures = self._total + self._before[0], self._failed + self._before[1]
        return failed and total >= self.samples and failures >= self.ratio * total

    def reset(self) -> None:
        """Forget all: the gate was closed, what comes next is another time."""
        self._before, self._total, self._failed = (0, 0), 0, 0
