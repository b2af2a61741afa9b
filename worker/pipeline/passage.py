"""One request's way through the gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Protocol, Self

from worker.model.outcome import Outcome
from worker.pipeline.door import Door
from worker.ports import Clock


class Learner(Protocol):
    """The gate, as a passage sees it."""

    def entered(self) -> None:
        """A request leaves."""

    def left(self, seconds: float) -> None:
        """A request that left so many seconds ago has its reply, or will have none."""

    def observe(self, outcomes: Sequence[Outcome], probed: Collection[Door]) -> None:
        """This is what the vendor said."""


class Passage:
    """One admitted request: `with` it, send and `observe`; leaving it frees its place for the next."""

    __slots__ = ("_clock", "_gate", "_probed", "_since", "seconds")

    def __init__(self, gate: Learner, probed: Sequence[Door], clock: Clock) -> None:
        self._gate = gate
        self._probed = probed
        self._clock = clock
        self._since = clock.monotonic()
        self.seconds = 0.0  # from admission to here, once it is left

    def observe(self, outcomes: Sequence[Outcome]) -> None:
        """Tell the gate what the vendor said of each job."""
        self._gate.observe(outcomes, self._probed)

    def __enter__(self) -> Self:
        self._gate.entered()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for door in self._probed:
            door.abandon()
        self.seconds = self._clock.monotonic() - self._since
        self._gate.left(self.seconds)
