"""How well a limit was kept and used, from the instants of sending and arriving: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.limit.sending import Watch
from worker.local.vendors.arrivals import worst_window
from worker.model.rate import Rate, Window

_NOT = float("nan")


@dataclass(frozen=True, slots=True)
class Kept:
    """How one window of a limit was kept by one row of instants."""

    window: Window
    worst: int  # the most in any window
    violations: int  # requests that were one too many


def kept(times: Sequence[float], rate: Rate) -> Sequence[Kept]:
    """For each window of a rate; `times` is in order."""
    return [
        Kept(window, worst_window(times, window.seconds), violations(times, window.limit, window.seconds))
        for window in rate.windows
    ]


def violations(times: Sequence[float], limit: int, seconds: float) -> int:
    """The requests that were one too many: the limit-th before was less than a window ago. `times` is in order."""
    return sum(gap < seconds for gap in _gaps(times, limit))


def sufficient_guard(arrived: Sequence[float], rate: Rate, guard: float) -> float:
    """Seconds of guard with which no window at the vendor would have been too full; NaN where none was full.

    Requests that left a window and `guard` apart arrived nearer to each other by what they met on the way: that much
    guard it takes.
    """
    gaps = {window: _gaps(arrived, window.limit) for window in rate.windows}
    lacks = [window.seconds - min(apart) for window, apart in gaps.items() if apart]
    return max(0.0, guard + max(lacks)) if lacks else _NOT


def use(times: Sequence[float], watch: Watch, rate: Rate, guard: float) -> float:
    """What was sent of `limit / (window + guard)`, of the window that allows least, from the first request on.

    Within a window requests may leave early or late, so it is told over whole windows, in two ways of which the lower
    counts: how long it took to send the limit so many times (which shows what each window is late), and how many were
    sent in as many whole windows as there was time for (which shows a standstill). NaN where there was not one.
    """
    window = _scarcest(rate, guard)
    span = window.seconds + guard
    sent = [time for time in times if watch.since <= time <= watch.until]
    whole = int((watch.until - sent[0]) / span) if sent else 0
    if not whole:
        return _NOT
    counted = sum(time < sent[0] + whole * span for time in sent) / (whole * window.limit)
    rounds = (len(sent) - 1) // window.limit
    return min(counted, rounds * span / (sent[rounds * window.limit] - sent[0])) if rounds else counted


def use_between(times: Sequence[float], since: float, until: float, rate: Rate, guard: float) -> float:
    """What was sent of `limit / (window + guard)` in a stretch of a steady flow."""
    window = _scarcest(rate, guard)
    allowed = (until - since) * window.limit / (window.seconds + guard)
    return sum(since <= time < until for time in times) / allowed


def longest_silence(times: Sequence[float], since: float, until: float) -> float:
    """Seconds in which nothing was sent, at most; `times` is in order."""
    instants = [since, *(time for time in times if since < time < until), until]
    return max(later - earlier for earlier, later in pairwise(instants))


def _scarcest(rate: Rate, guard: float) -> Window:
    return min(rate.windows, key=lambda window: window.limit / (window.seconds + guard))


def _gaps(times: Sequence[float], limit: int) -> list[float]:
    """Seconds from each request to the one that stands `limit` after it."""
    return [later - earlier for earlier, later in zip(times, times[limit:], strict=False)]
