"""One request's way through the gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Protocol, Self

from worker.model.outcome import Outcome
from worker.pipeline.door import Door
from worker.pipeline.limiter import Limiter
from worker.ports import Clock


class Learner(Protocol):
    """The gate, as a passage sees it."""

    def entered(self) -> None:
        """A request leaves."""

    def left(self, seconds: float) -> None:
        """A request that left so many seconds ago has its reply, or will have none."""

    def observe(self, outcomes: Sequence[Outcome], passage: Passage) -> None:
        """This is what the vendor said."""


class Passage:
    """One admitted request: `with` it, send and `observe`; leaving it frees its place for the next."""

    __slots__ = ("_clock", "_gate", "limiter", "probed", "seconds", "sent_at")

    def __init__(self, gate: Learner, limiter: Limiter, probed: Collection[Door], clock: Clock) -> None:
        self._gate = gate
        self._clock = clock
        self.limiter = limiter  # the limit that it fell under
        self.probed = probed  # the doors that its reply may open
        self.sent_at = clock.monotonic()
        self.seconds = 0.0  # from admission to here, once it is left

    def observe(self, outcomes: Sequence[Outcome]) -> None:
        """Tell the gate what the vendor said of each job."""
        self._gate.observe(outcomes, self)

    def __enter__(self) -> Self:
        self.limiter.in_air += 1
        self._gate.entered()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for door in self.probed:
            if door.abandon() and door is self.limiter.door and self.limiter.fleet:
                self.limiter.fleet.probing(0.0)
        self.limiter.in_air -= 1
        self.seconds = self._clock.monotonic() - self.sent_at
        self._gate.left(self.seconds)
