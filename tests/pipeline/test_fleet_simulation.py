"""A whole fleet in virtual time, with whatever can go wrong: the limit is kept, and used."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.fleet import GUARD, Fleet, Trouble, keeps, watch
from tests.fakes.processes import run
from worker.model.pacing import SKEW
from worker.model.rate import Rate, Window, parse_rate
from worker.pipeline.fleet import Share

pytestmark = pytest.mark.no_cover  # what is covered here is covered elsewhere; measuring it takes minutes

LATENCIES = [(0.001, 0.01), (0.002, 0.05), (0.05, 0.3), (0.1, 0.45)]  # the last one is at the edge of patience


@pytest.mark.parametrize(
    ("rate", "tasks", "least"),
    [
        ("80/s", 8, 0.89),
        ("80/s", 2, 0.89),
        ("80/s", 1, 0.89),
        ("600/min", 8, 0.975),
        ("600/min", 1, 0.985),
        ("1/s", 8, 0.89),
        ("1/s", 1, 0.89),
        ("1000/s", 8, 0.89),
        (["10/s", "150/min"], 4, 0.95),
    ],
    ids=str,
)
def test_all_that_the_spacing_allows_is_used(rate: object, tasks: int, least: float) -> None:
    """In a steady state, of limit / (window + guard); each task has its part."""
    seconds = 30.0 if rate == "1000/s" else 120.0
    seen = watch(rate, tasks, seconds)
    assert seen.use(10.0, seconds) >= least
    counts = [len(task.sent) for task in seen.fleet.tasks]
    assert min(counts) >= 0.4 * max(counts)


@pytest.mark.parametrize("rate", ["50/s", "80/s", "200/s", "1000/s"])
def test_a_store_call_serves_five_messages_and_more(rate: str) -> None:
    """Of eight tasks that always have work, from 50/s on."""
    seen = watch(rate, 8, 60.0 if rate != "1000/s" else 20.0)
    in_the_air = seen.fleet.table.calls - sum(seen.answers.values())
    assert 0 <= in_the_air <= 8  # at the end; all others were told
    assert seen.fleet.table.calls / len(seen.fleet.sent) <= 0.2


@pytest.mark.parametrize(
    ("rate", "tasks", "max_tasks"),
    [("80/s", 8, 8), ("80/s", 2, 8), ("600/min", 8, 8), ("10/s", 8, 8), ("60/min", 8, 8), ("1/s", 4, 4), ("1/s", 1, 1)],
)
def test_with_the_table_away_the_safe_share_is_sent(rate: str, tasks: int, max_tasks: int) -> None:
    """At least three quarters of what the running tasks would have of max_tasks; then all again."""
    before, lasting = 120.0, 240.0
    seen = watch(rate, tasks, before + lasting + 150.0, max_tasks=max_tasks, away=(before, lasting))
    begun = before + seen.pacing.given_up + 15.0
    assert seen.use(begun, before + lasting) >= 0.75 * tasks / max_tasks
    assert seen.use(before + lasting + seen.pacing.rest + 10.0, before + lasting + 150.0) >= 0.89


@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0])
def test_a_table_that_is_soon_back_costs_no_more_than_it_was_away(seconds: float) -> None:
    """Nobody is out of touch, so nobody rests; a call that hung takes a second at most."""
    seen = watch("80/s", 8, 60.0, away=(30.0, seconds))
    assert seen.longest_gap(10.0) <= seconds + 1.5


TEXTS = ["80/s", "50/s", "10/s", "5/s", "1/s", "0.5/s", "600/min", "200/min", "60/min", "30/min", ["10/s", "150/min"]]
SPANS = st.sampled_from([0.05, 0.3, 1.0, 3.0, 4.5, 6.0, 8.0, 9.0, 10.0, 12.0, 20.0, 70.0])
TROUBLES = st.tuples(
    st.sampled_from([0.05, 0.3, 1.0, 3.0, 10.0, 20.0]),
    st.sampled_from(["away", "away", "kill", "start", "freeze", "idle"]),
    st.integers(0, 7),
    SPANS,
)


@dataclass(frozen=True)
class Storm:
    """What a fleet lives through, and half a minute more."""

    rate: Rate
    tasks: int
    troubles: list[Trouble]
    latency: tuple[float, float] = LATENCIES[0]
    hand: int | None = None
    most_cost: int = 1
    seed: int = 1

    def sent(self) -> list[float]:
        """The instants of sending."""
        return run(self._live())

    async def _live(self) -> list[float]:
        chance = random.Random(self.seed)
        cost = min(self.most_cost, *(window.limit for window in self.rate.windows))
        share = Share("foo", self.rate, GUARD, self.tasks, most_cost=cost)
        fleet = Fleet(share, chance, latency=self.latency)
        fleet.table.hanging = chance.choice([0.0, 0.5, 1.0])

        def start() -> None:
            fleet.start(skew=chance.uniform(-SKEW, SKEW), hand=self.hand, cost=lambda: chance.randint(1, cost))

        for _ in range(self.tasks):
            start()
        await fleet.live_through(self.troubles, start)
        await asyncio.sleep(30.0)
        await fleet.stop()
        return fleet.sent


STORMS = st.builds(
    Storm,
    rate=st.sampled_from(TEXTS).map(parse_rate),
    tasks=st.sampled_from([1, 2, 4, 8]),
    troubles=st.lists(TROUBLES, max_size=25),
    latency=st.sampled_from(LATENCIES),
    hand=st.sampled_from([None, 1, 40]),
    most_cost=st.sampled_from([1, 1, 2, 5]),
    seed=st.integers(0, 2**32),
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(storm=STORMS)
def test_whatever_happens_no_window_is_above_its_limit(storm: Storm) -> None:
    """At the instants of sending: with clocks apart, the table away for all, tasks that die, start, freeze or rest."""
    assert keeps(storm.rate, storm.sent())


OUTAGES = st.tuples(
    st.sampled_from([0.3, 3.0, 10.0, 20.0, 60.0]), st.sampled_from(["away", "away", "idle"]), st.integers(0, 7), SPANS
)
COUNTED = st.builds(
    Storm,
    rate=st.sampled_from(
        [
            Rate((Window(10, 1.0), Window(200, 120.0))),
            Rate((Window(100, 90.0),)),
            Rate((Window(20, 1.0), Window(600, 60.0), Window(900, 300.0))),
            Rate((Window(30, 600.0),)),
            Rate((Window(5, 1.0), Window(50, 70.0))),
        ]
    ),
    tasks=st.sampled_from([1, 2, 4]),
    troubles=st.lists(OUTAGES, max_size=30),
    latency=st.sampled_from(LATENCIES[:3]),
    hand=st.sampled_from([1, 5, 40]),
    seed=st.integers(0, 2**32),
)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(storm=COUNTED)
def test_windows_above_a_minute_are_kept_through_outages(storm: Storm) -> None:
    """What was sent meanwhile is counted afterwards; only who dies or freezes before that can break this."""
    assert keeps(storm.rate, storm.sent())


def test_a_stop_and_start_of_all_brings_no_fresh_bucket() -> None:
    """Neither at once nor after a pause in which a window has gone by in part."""
    for pause in (0.0, 0.3, 1.0):
        troubles: list[Trouble] = [(15.0, "kill", 0, 0.0)] + [(0.0, "kill", 0, 0.0)] * 3
        troubles += [(pause, "start", 0, 0.0)] + [(0.0, "start", 0, 0.0)] * 3
        sent = Storm(parse_rate("80/s"), 4, troubles * 3, hand=40).sent()
        assert keeps(parse_rate("80/s"), sent)
        assert len(sent) > 1_000


def test_a_scale_out_takes_part_at_once() -> None:
    """Whoever starts sees that others reserve, and need not wait until nobody could send a safe share."""

    async def live() -> Fleet:
        chance = random.Random(1)
        fleet = Fleet(Share("foo", parse_rate("80/s"), GUARD, 8), chance)
        for _ in range(2):
            fleet.start()
        await asyncio.sleep(20.0)
        for _ in range(6):
            fleet.start(skew=chance.uniform(-SKEW, SKEW))
        await asyncio.sleep(1.7)
        await fleet.stop()
        return fleet

    fleet = run(live())
    assert all(task.sent for task in fleet.tasks)
    assert keeps(fleet.share.rate, fleet.sent)
