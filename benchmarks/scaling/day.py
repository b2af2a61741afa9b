"""One day of one pattern with one crew, second by second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.scaling.crew import Crew
from benchmarks.scaling.line import Line
from benchmarks.scaling.pattern import DAY, Pattern

SEED = 20_261_121
_BEHIND = 60  # seconds
_QUIET = 1200  # seconds without any work, after which tasks are idle
_LONGEST = 3 * DAY


@dataclass(frozen=True, slots=True)
class Day:
    """What came of it."""

    worst_age: float  # seconds from a message's arrival until it was delivered, at most; the vendor's absence left out
    late: float  # the share of messages that were older than the goal
    drain: float  # seconds: the longest time in which it was behind, with a message older than a minute
    hours: float  # of tasks or function instances
    dollars: float
    idle: float  # tasks that ran where nothing had been to do for a while; NaN: there was no such time
    above: int  # calls above the vendor's limit
    tasks: Sequence[int]  # by the minute
    waiting: Sequence[int]  # messages, by the minute


def play(pattern: Pattern, crew_of: Callable[[Random], Crew]) -> Day:
    """Play until midnight, and until nothing is left."""
    arrivals, crew, line = pattern.arrivals(Random(SEED)), crew_of(Random(SEED + 1)), Line()
    tasks, waiting = [], []
    worst, late, delivered = 0, 0, 0
    drain = longest_drain = quiet = 0
    idle = float("nan")
    now = 0
    while now < DAY or (now < _LONGEST and (line or crew.held)):
        line.put(now, arrivals[now] if now < DAY else 0)
        ages = [_age(at, now, pattern.away) for at in crew.ended(now)]
        worst, delivered = max(worst, max(ages, default=0)), delivered + len(ages)
        late += sum(age > pattern.goal for age in ages)
        crew.work(now, line, away=now in pattern.away)
        drain = drain + 1 if now >= pattern.away.stop and _is_behind(line, now, pattern.away) else 0
        longest_drain = max(longest_drain, drain)
        quiet = 0 if line or crew.held else quiet + 1
        if quiet > _QUIET:
            idle = max(crew.running, 0 if idle != idle else idle)  # noqa: PLR0124 - NaN
        if now % 60 == 0:
            tasks.append(crew.running)
            waiting.append(len(line) + crew.held)
        now += 1
    return Day(
        worst, late / max(1, delivered), longest_drain, crew.hours, crew.dollars, idle, crew.above, tasks, waiting
    )


def _is_behind(line: Line, now: int, away: range) -> bool:
    return line.oldest is not None and _age(line.oldest, now, away) > _BEHIND


def _age(at: int, now: int, away: range) -> int:
    return now - at - max(0, min(now, away.stop) - max(at, away.start))
