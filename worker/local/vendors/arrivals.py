"""What arrived at a vendor, and what can be counted of it: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, as the vendor saw it. Times are monotonic seconds, the same for all processes of a machine."""

    at: float  # its headers were there
    answered: float  # or given up, where nobody heard the answer
    status: int
    key: str | None = None  # what it was about, as the request says
    closing: int | None = None  # in which closing it came, where the vendor was closed
    heard: bool = True  # False: the vendor did what it was asked for, and its answer reached nobody
    sender: str | None = None  # who sent it, as the request says


def worst_window(times: Iterable[float], seconds: float) -> int:
    """The most times that lie in any [t, t + seconds)."""
    ordered = sorted(times)
    worst = first = 0
    for last, time in enumerate(ordered):
        while ordered[first] <= time - seconds:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


def worst_closing(arrivals: Sequence[Arrival]) -> int:
    """The most arrivals in one closing, the one that was told of it included."""
    return max((len(closed) for closed in _closings(arrivals)), default=0)


def worst_defiance(arrivals: Sequence[Arrival]) -> int:
    """The most arrivals in one closing that came after its first 429 was answered."""
    return max((_defiant(closed) for closed in _closings(arrivals)), default=0)


def _closings(arrivals: Sequence[Arrival]) -> Sequence[Sequence[Arrival]]:
    closings: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.closing is not None:
            closings.setdefault(arrival.closing, []).append(arrival)
    return list(closings.values())


def _defiant(closed: Sequence[Arrival]) -> int:
    told = min(arrival.answered for arrival in closed)
    return sum(arrival.at > told for arrival in closed)
