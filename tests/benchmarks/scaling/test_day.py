"""The simulated day: what is promised of ours, and that the others are played as they are documented."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from random import Random

import pytest

from benchmarks.scaling.contenders import Played
from benchmarks.scaling.day import Day, play
from benchmarks.scaling.functions import Functions
from benchmarks.scaling.line import Flight, Line
from benchmarks.scaling.pattern import DAY, PATTERNS, Pattern
from benchmarks.scaling.policies import BacklogPerTask, DepthSteps, Required
from benchmarks.scaling.summary import figures, summary
from benchmarks.scaling.tasks import Policy, Tasks
from benchmarks.scaling.vendor import LIMIT
from worker.model.scaling import Told
from worker.ops.prices import Prices

PRICES = Prices.load()
BURST, DIURNAL, BATCH, AWAY = PATTERNS


def ours(pattern: Pattern) -> Day:
    return play(pattern, lambda random: Tasks(Required(pattern.goal), random, PRICES))


def followed(policy: Policy, depths: Iterable[int], running: int = 1) -> list[int]:
    """The number of tasks after each minute, where each of them works at once."""
    found = []
    for minute, depth in enumerate(depths):
        told = [Told(0)] * running
        wanted = policy.wanted(60 * minute, depth, told, running)
        running = running if wanted is None else wanted
        found.append(running)
    return found


@pytest.mark.parametrize("pattern", [BURST, BATCH], ids=lambda pattern: pattern.name)
def test_ours_reaches_the_goal_and_goes_back_to_zero(pattern: Pattern) -> None:
    """In bursts from nothing, and with a million at once; slow, for it plays whole days."""
    day = ours(pattern)
    assert day.worst_age <= pattern.goal
    assert (day.idle, day.above) == (0, 0)
    assert day.tasks[-1] == 0


def test_a_day_is_the_same_each_time() -> None:
    """So that its figures can be tried again."""
    assert ours(BURST) == ours(BURST)


def test_nothing_to_do_is_no_task_and_no_cost() -> None:
    """All day long."""
    day = ours(Pattern("nothing", 300.0, lambda _: [0] * DAY))
    assert (day.hours, day.dollars, day.worst_age, day.idle) == (0, 0, 0, 0)


def test_the_time_in_which_the_vendor_is_away_is_not_age() -> None:
    """A message of its first second that goes as it is back has waited for us for seconds only; slow, as above."""
    day = ours(Pattern("away", 300.0, lambda _: [1] + [0] * (DAY - 1), range(10, 3610)))
    assert 0 < day.worst_age < 300


def test_steps_on_depth_are_cdk_s() -> None:
    """A minute later: one more from 100, five from 500, within the cooldown only what is above that; at 0 down."""
    assert followed(DepthSteps(), [100] * 8) == [1, 2, 2, 2, 2, 2, 2, 3]
    assert followed(DepthSteps(), [100, 500, 500, 500]) == [1, 2, 6, 6]
    assert followed(DepthSteps(), [0] * 12, running=4) == [4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1]
    assert followed(DepthSteps(), [99] * 9, running=4) == [4] * 9


def test_backlog_per_task_is_copilot_s() -> None:
    """300 s over 0.1 s are 3,000 for each task: above it for three minutes more, below for fifteen fewer."""
    assert followed(BacklogPerTask(300.0), [9_000] * 5) == [1, 1, 1, 3, 3]
    assert followed(BacklogPerTask(300.0), [100] * 17, running=4) == [4] * 15 + [1, 1]


def test_functions_know_no_limit_but_their_number() -> None:
    """Their calls above the vendor's limit are counted, and refused until the visibility timeout has passed."""
    line, crew = Line(), Functions(4.0, Random(1), PRICES)
    line.put(0, 10_000)
    for now in range(60):
        crew.ended(now)
        crew.work(now, line, away=False)
    assert crew.above > 0
    assert crew.held > 4 * LIMIT


def test_messages_are_taken_oldest_first() -> None:
    """And what comes back is first again."""
    line, flight = Line(), Flight()
    line.put(1, 2)
    line.put(5, 2)
    for at in line.take(3):
        flight.start(at, ends=9)
    assert (len(line), line.oldest, len(flight)) == (1, 5, 3)
    line.put_back(flight.lost())
    assert (line.take(9), len(flight)) == ([1, 1, 5, 5], 0)


def day(age: float, hours: float, *, idle: float = math.nan, above: int = 0) -> Day:
    return Day(age, 0.0, 0.0, hours, 0.0, idle, above, [], [])


def missed(days: Sequence[Day]) -> list[str]:
    played = [Played(BURST, who, each) for who, each in zip(("Sluice", "one", "other"), days, strict=True)]
    assert summary(played).count("\n") == 4
    return [figure.name for figure in figures(played) if figure.missed]


def test_ours_is_measured_by_the_best_that_reaches_the_goal() -> None:
    """Who is cheaper and too late does not count; where nobody is in time nothing is to be reached."""
    assert missed([day(300, 5), day(301, 1), day(10, 5)]) == []
    assert missed([day(301, 6), day(301, 1), day(10, 5)]) == ["burst.oldest_seconds", "burst.hours"]
    assert missed([day(301, 6), day(301, 1), day(400, 5)]) == []
    assert missed([day(1, 1, idle=1, above=1), day(1, 1), day(1, 1)]) == ["burst.above", "burst.idle"]
