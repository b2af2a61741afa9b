"""How well a limit was kept and used, from the instants of sending and arriving: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Goal
from worker.local.vendors.arrivals import worst_window
from worker.model.rate import Rate, Window

_NONE = Goal("≤", 0)
_USE = Goal("≥", 0.99)


@dataclass(frozen=True, slots=True)
class Sending:
    """What was seen of one worker. Instants are monotonic seconds, the same for all processes of a machine."""

    sent: Sequence[float]  # in order
    arrived: Sequence[float]
    until: float  # when it was asked to stop: what it sends later is in no steady state


def figures_of(name: str, rate: Rate, guard: float, seen: Sending) -> list[Figure]:
    """The figures of one row; their names begin with `name`. `guard`: seconds."""
    figures = [Figure(f"{name}.sent", len(seen.sent), "requests")]
    for window in rate.windows:
        within = f"in any {window.seconds:g} s"
        figures += [
            Figure(
                f"{name}.worst_{window.seconds:g}s_sent",
                worst_window(seen.sent, window.seconds),
                within,
                Goal("≤", window.limit),
            ),
            Figure(f"{name}.worst_{window.seconds:g}s_arrived", worst_window(seen.arrived, window.seconds), within),
        ]
    violated = sum(violations(seen.sent, window) for window in rate.windows)
    scarcest = min(rate.windows, key=lambda window: window.limit / (window.seconds + guard))
    return [
        *figures,
        Figure(f"{name}.violations", violated, "requests", _NONE),
        Figure(f"{name}.use", use(seen, scarcest, guard), "of the guarded limit", _USE),
    ]


def violations(times: Sequence[float], window: Window) -> int:
    """The requests that were one too many: the limit-th before was less than a window ago. `times` is in order."""
    pairs = zip(times, times[window.limit :], strict=False)
    return sum(later - earlier < window.seconds for earlier, later in pairs)


def use(seen: Sending, window: Window, guard: float) -> float:
    """What was sent of `limit / (window + guard)`, from the first request to the stop.

    Within a window requests may leave early or late, so it is told over whole windows, in two ways of which the lower
    counts: how long it took to send the limit so many times (which shows what each window is late), and how many were
    sent in as many whole windows as there was time for (which shows a standstill). NaN where there was not one.
    """
    span = window.seconds + guard
    sent = [time for time in seen.sent if time <= seen.until]
    whole = int((seen.until - sent[0]) / span) if sent else 0
    if not whole:
        return float("nan")
    counted = sum(time < sent[0] + whole * span for time in sent) / (whole * window.limit)
    rounds = (len(sent) - 1) // window.limit
    return min(counted, rounds * span / (sent[rounds * window.limit] - sent[0])) if rounds else counted
