"""What is told of a row, as figures."""

from __future__ import annotations

from benchmarks.figures import Figure, Goal
from benchmarks.limit.kept import kept, sufficient_guard
from benchmarks.limit.result import GUARD, Seen
from worker.model.rate import Rate

_NONE = Goal("≤", 0)


def ours(name: str, rate: Rate, seen: Seen, *, freezes: bool = False) -> list[Figure]:
    """Sluice's; under `freezes` a violation is counted, and only one that no freeze explains is missed."""
    sending = seen.sending
    guard = sufficient_guard(sending.arrived, rate, GUARD)
    use_goal = None if seen.least_use is None else Goal("≥", seen.least_use)
    return [
        *_counted(name, rate, seen, goal=not freezes),
        *(_explained(name, rate, seen) if freezes else ()),
        Figure(f"{name}.sufficient_guard", 1000 * guard, "ms"),
        Figure(f"{name}.use", seen.use, "of the guarded limit", use_goal),
    ]


def others(name: str, rate: Rate, seen: Seen) -> list[Figure]:
    """Another's, to which nothing is set."""
    own = f"{name}.{seen.who.replace(' ', '_')}"
    return [*_counted(own, rate, seen, goal=False), Figure(f"{own}.use", seen.use, "of the guarded limit")]


def _explained(name: str, rate: Rate, seen: Seen) -> list[Figure]:
    """Violations without what a process sent just after it had stood still; and how much that was."""
    awake = seen.sending.sent_awake
    left = sum(each.violations for each in kept(awake, rate))
    return [
        Figure(f"{name}.sent_just_after_a_freeze", len(seen.sending.requests) - len(awake), "requests"),
        Figure(f"{name}.violations_unexplained", left, "requests", _NONE),
    ]


def _counted(name: str, rate: Rate, seen: Seen, *, goal: bool) -> list[Figure]:
    sent, arrived = kept(seen.sending.sent, rate), kept(seen.sending.arrived, rate)
    figures = [Figure(f"{name}.sent", len(seen.sending.requests), "requests")]
    for left, came in zip(sent, arrived, strict=True):
        seconds = f"{left.window.seconds:g}"
        most = Goal("≤", left.window.limit) if goal else None
        figures += [
            Figure(f"{name}.worst_{seconds}s_sent", left.worst, f"in any {seconds} s", most),
            Figure(f"{name}.worst_{seconds}s_arrived", came.worst, f"in any {seconds} s"),
        ]
    return [
        *figures,
        Figure(f"{name}.violations", sum(each.violations for each in sent), "requests", _NONE if goal else None),
        Figure(f"{name}.violations_arrived", sum(each.violations for each in arrived), "requests"),
    ]
