"""Who is compared: ours first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from benchmarks.scaling.crew import Crew
from benchmarks.scaling.day import Day, play
from benchmarks.scaling.functions import Functions
from benchmarks.scaling.pattern import Pattern
from benchmarks.scaling.policies import BacklogPerTask, DepthSteps, Required
from benchmarks.scaling.tasks import Policy, Tasks
from worker.ops.prices import Prices

OURS = "Sluice"


@dataclass(frozen=True, slots=True)
class Played:
    """One contender's day."""

    pattern: Pattern
    who: str
    day: Day

    @property
    def reached(self) -> bool:
        """Whether no message was older than the goal."""
        return self.day.worst_age <= self.pattern.goal


def play_all(pattern: Pattern, prices: Prices, *, acceptable: float = 1.0) -> Sequence[Played]:
    """All contenders' days, ours first; each day is the same in each run.

    `acceptable` is the share of the goal that Copilot's tracking is given as its acceptable latency.
    """
    crews: dict[str, Callable[[Random], Crew]] = {
        OURS: _tasks(Required(pattern.goal), prices),
        "step scaling on depth (CDK)": _tasks(DepthSteps(), prices),
        "backlog per task (Copilot)": _tasks(BacklogPerTask(acceptable * pattern.goal), prices),
        "Lambda, concurrency for the limit": partial(_functions, 1.0, prices),
        "Lambda, four fifths of it": partial(_functions, 0.8, prices),
    }
    return [Played(pattern, who, play(pattern, crew)) for who, crew in crews.items()]


def _tasks(policy: Policy, prices: Prices) -> Callable[[Random], Crew]:
    def crew(random: Random) -> Crew:
        return Tasks(policy, random, prices)

    return crew


def _functions(share: float, prices: Prices, random: Random) -> Crew:
    return Functions(share, random, prices)
