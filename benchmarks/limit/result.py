"""What came of one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.limit.sending import Sending
from worker.model.rate import Rate

GUARD = 0.02  # seconds; the topology's default


@dataclass(frozen=True, slots=True)
class Seen:
    """One who was watched: Sluice, or another beside it."""

    who: str
    sending: Sending
    use: float
    least_use: float | None = None  # None: only reported


@dataclass(frozen=True, slots=True)
class Result:
    """One row, done."""

    name: str
    group: str  # what is drawn together
    rate: Rate
    seen: Sequence[Seen]  # Sluice first
    figures: Sequence[Figure]
    remark: str = ""
