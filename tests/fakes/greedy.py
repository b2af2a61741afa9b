"""The best that a limit allows: each call at the earliest instant, found by trying; it shares nothing with our code."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from worker.model.rate import Rate

Call = tuple[float, int]  # the instant from which it could leave, and what it costs


def greedy(rate: Rate, guard: float, calls: Sequence[Call], used: Sequence[float] = ()) -> list[float]:
    """When each call leaves, in their order; `used`: instants of the tokens that were used before, sorted.

    Windows are stretched by `guard` (seconds); what leaves counts until just before its window is over.
    """
    tokens, leaves = list(used), []
    spans = [(window.limit, window.seconds + guard) for window in rate.windows]
    for at, cost in calls:
        ready = max(at, tokens[-1]) if tokens else at
        instants = sorted({ready, *(one + span for one in tokens for _, span in spans if one + span > ready)})
        left = next(now for now in instants if all(_counted(tokens, span, now) + cost <= most for most, span in spans))
        leaves.append(left)
        tokens += [left] * cost
    return leaves


def _counted(tokens: Sequence[float], span: float, now: float) -> int:
    return len(tokens) - bisect_right(tokens, now, key=lambda instant: instant + span)
