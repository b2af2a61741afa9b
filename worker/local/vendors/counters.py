"""What a simulated vendor says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from worker.local.vendors.arrivals import Arrival, worst_closing, worst_defiance, worst_window
from worker.model.rate import Rate


@dataclass(frozen=True, slots=True)
class Worst:
    """The fullest rolling window of a limit."""

    limit: int
    seconds: float
    count: int


@dataclass(frozen=True, slots=True)
class Counters:
    """All that is counted, from the first request on."""

    arrivals: int
    answered: Mapping[int, int]  # by status
    delivered: int  # distinct keys that were answered 2xx
    duplicates: int  # 2xx beyond the first of a key
    worst: tuple[Worst, ...]  # one for each window of the limit
    closings: int  # of which somebody heard
    worst_closing: int  # arrivals in one closing
    worst_defiance: int  # of those, the ones that came after the first 429 was answered


Wire = TypeAdapter(Counters)


def count(arrivals: Sequence[Arrival], limit: Rate | None) -> Counters:
    """Count; requests without a key are delivered, and never duplicates."""
    taken = [arrival.key for arrival in arrivals if 200 <= arrival.status < 300]
    named = [key for key in taken if key is not None]
    times = [arrival.at for arrival in arrivals]
    return Counters(
        arrivals=len(arrivals),
        answered=dict(Counter(arrival.status for arrival in arrivals)),
        delivered=len(taken) - len(named) + len(set(named)),
        duplicates=len(named) - len(set(named)),
        worst=tuple(
            Worst(window.limit, window.seconds, worst_window(times, window.seconds))
            for window in (limit.windows if limit else ())
        ),
        closings=len({arrival.closing for arrival in arrivals} - {None}),
        worst_closing=worst_closing(arrivals),
        worst_defiance=worst_defiance(arrivals),
    )
