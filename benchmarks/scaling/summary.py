"""What the days show: a line for each contender, and what ours had to reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.figures import Figure, Goal
from benchmarks.scaling.contenders import OURS, Played
from worker.ops.table import markdown

_HEAD = ("pattern", "who", "oldest message", "older than the goal", "behind for", "hours", "dollars", "idle", "above")


def summary(played: Sequence[Played]) -> str:
    """A Markdown table; hours are of tasks, or of Lambda's instances."""
    return markdown([_HEAD, *map(_row, played)])


def figures(played: Sequence[Played]) -> list[Figure]:
    """Ours, beside the best of the others: `played` is one pattern's."""
    [ours] = [each for each in played if each.who == OURS]
    others = [each for each in played if each.who != OURS and each.reached]
    name, day = ours.pattern.name, ours.day
    fewest = min((each.day.hours for each in others), default=math.nan)
    found = [
        Figure(f"{name}.oldest_seconds", day.worst_age, "s", Goal("≤", ours.pattern.goal) if others else None),
        Figure(f"{name}.hours", day.hours, "task-hours", Goal("≤", fewest) if others else None),
        Figure(f"{name}.above", day.above, "calls", Goal("≤", 0)),
    ]
    if not math.isnan(day.idle):
        found.append(Figure(f"{name}.idle", day.idle, "tasks", Goal("≤", 0)))
    return found


def _row(played: Played) -> Sequence[str]:
    day, goal = played.day, played.pattern.goal
    return (
        played.pattern.name if played.who == OURS else "…",
        played.who,
        f"{day.worst_age:,.0f} s of {goal:,.0f}" + ("" if played.reached else ": missed"),
        f"{day.late:.1%}",
        f"{day.drain:,.0f} s",
        f"{day.hours:,.1f}",
        f"{day.dollars:.2f}",
        "–" if math.isnan(day.idle) else f"{day.idle:.0f}",
        f"{day.above:,}",
    )
