"""What tasks send without a word between them stays below the limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.manual_clock import ManualClock
from tests.fakes.windows import most_within
from worker.model.pacing import LEAD, PATIENCE, Pacing, pacing
from worker.model.rate import Rate, Window, parse_rate
from worker.model.reservation import Granted
from worker.pipeline.safeshare import EvenShare, LastRound, NoShare, SafeShare

GUARD = 0.02
DAY = Window(1_000, 86_400.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def of(rate: Rate, max_tasks: int) -> Pacing:
    return pacing(rate, guard=GUARD, max_tasks=max_tasks)


def even(rate: Rate, max_tasks: int, clock: ManualClock) -> EvenShare:
    paced = of(rate, max_tasks)
    assert paced.share
    return EvenShare(paced.share, paced, clock)


def send(share: SafeShare, clock: ManualClock, until: float, *, late: Callable[[], float] = lambda: 0.0) -> list[float]:
    """As soon as it may, or so late; the instants."""
    sent = []
    while (wait := share.opens_in(1)) + clock.seconds < until:
        clock.seconds += max(0.0, wait) + late()
        if share.opens_in(1) <= 0:
            share.take(1)
            sent.append(clock.seconds)
        else:
            clock.seconds += 1e-6
    return sent


def test_the_first_token_comes_after_an_interval(clock: ManualClock) -> None:
    """Each time that it begins: what began again and again would else send more than the slots that it replaces."""
    share = even(parse_rate("80/s"), 8, clock)
    for _ in range(3):
        clock.seconds += 100.0
        share.begin(clock.seconds, {})
        assert share.opens_in(1) == pytest.approx(1.02 / 8)


def test_it_is_used_up(clock: ManualClock) -> None:
    """Four fifths of a task's part of what the guarded window allows, though each token is 3 ms late."""
    share = even(parse_rate("80/s"), 1, clock)
    share.begin(clock.seconds, {})
    sent = send(share, clock, clock.seconds + 60, late=lambda: 0.003)
    assert len(sent) / 60 >= 0.99 * 0.8 * 80 / 1.02
    assert share.per_second == pytest.approx(64.0)


@given(
    limit=st.integers(2, 60),
    late=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.2, 3.0]), min_size=1, max_size=20),
    begins=st.integers(1, 4),
)
def test_no_window_holds_more_than_the_share(limit: int, late: list[float], begins: int) -> None:
    """However late its tokens are, and however often it begins."""
    clock, lates = ManualClock(), iter(late * 1_000)
    share = even(Rate((Window(limit, 1.0),)), 1, clock)
    sent: list[float] = []
    for _ in range(begins):
        share.begin(clock.seconds, {})
        sent += send(share, clock, clock.seconds + 5, late=lambda: next(lates))
    assert most_within(sent, 1.0 + GUARD) <= math.floor(0.8 * limit)


def test_of_a_counted_window_its_part_of_what_was_left_is_sent(clock: ManualClock) -> None:
    """Nothing where that is not known, until the window is over: then a part of all of it."""
    share = even(Rate((Window(10, 1.0), Window(100, 120.0))), 4, clock)
    for left, part in (({Window(100, 120.0): 55.0}, 11), ({}, 0), ({Window(100, 120.0): -7.0}, 0)):
        clock.seconds += 1_000.0
        began = clock.seconds
        share.begin(began, left)
        assert len(send(share, clock, began + 120)) == part
        assert share.opens_in(1) == math.inf
        clock.seconds = began + 120 + of(parse_rate("10/s"), 4).given_up + GUARD
        assert len(send(share, clock, clock.seconds + 100)) in {16, 17}  # one in 6 s


PERIOD_TASKS = 4
SLOW = of(parse_rate("1/s"), PERIOD_TASKS)


def granted(clock: ManualClock, *after: float) -> list[Granted]:
    return [Granted(clock.now().timestamp() + each, 1, SLOW.spacing) for each in after]


def test_the_last_slots_come_again_a_period_later(clock: ManualClock) -> None:
    """Each of the last so many, and no other."""
    share = LastRound(SLOW, clock)
    for each in granted(clock, *(-20.0 + index for index in range(SLOW.seats + 3))):
        share.granted(each)
    share.begin(clock.seconds, {})
    began = clock.seconds
    sent = send(share, clock, began + 2 * SLOW.period - 20.0)
    places = [-20.0 + 3 + index for index in range(SLOW.seats)]
    again = [began + place + round_ * SLOW.period for round_ in (1, 2) for place in places]
    assert sent == pytest.approx([instant for instant in again if instant < began + 2 * SLOW.period - 20.0], abs=1e-4)
    assert share.per_second == pytest.approx(SLOW.seats / SLOW.period)


def test_one_that_was_missed_comes_a_period_later(clock: ManualClock) -> None:
    """It is not used late."""
    share = LastRound(SLOW, clock)
    share.granted(granted(clock, -5.0)[0])
    share.begin(clock.seconds, {})
    began = clock.seconds
    clock.seconds += SLOW.period - 5.0 + SLOW.tolerance + 0.01
    assert clock.seconds + share.opens_in(1) == pytest.approx(began + 2 * SLOW.period - 5.0, abs=1e-4)
    assert share.opens_in(2) == math.inf


def test_who_has_had_no_slot_lately_sends_nothing(clock: ManualClock) -> None:
    """Another task may have had the same place in the period since."""
    share = LastRound(SLOW, clock)
    oldest = PATIENCE + 2 * LEAD - SLOW.period + SLOW.spacing
    share.granted(granted(clock, oldest - 0.01)[0])
    share.begin(clock.seconds, {})
    assert (share.opens_in(1), share.per_second) == (math.inf, 0.0)
    share.granted(granted(clock, oldest + 0.01)[0])
    share.begin(clock.seconds, {})
    assert share.opens_in(1) < math.inf


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.5, 4.0]), min_size=1, max_size=80),
    owners=st.lists(st.integers(0, PERIOD_TASKS - 1), min_size=80, max_size=80),
    noticed=st.lists(st.floats(-PATIENCE, 4.0), min_size=PERIOD_TASKS, max_size=PERIOD_TASKS),
)
def test_all_tasks_places_together_keep_the_limit(gaps: list[float], owners: list[int], noticed: list[float]) -> None:
    """Whoever had which slot, and whenever each notices that the table is away: none are nearer than the spacing."""
    clock = ManualClock()
    shares = [LastRound(SLOW, clock) for _ in range(PERIOD_TASKS)]
    places = [2 * LEAD - back for back in accumulate(gap + SLOW.spacing for gap in gaps)]  # none is further ahead
    for place, owner in sorted(zip(places, owners, strict=False)):
        shares[owner].granted(Granted(clock.now().timestamp() + place, 1, SLOW.spacing))
    sent: list[float] = []
    away = clock.seconds
    for share, after in zip(shares, noticed, strict=True):
        clock.seconds = away + SLOW.given_up + after
        share.begin(away + after, {})
        sent += send(share, clock, away + 3 * SLOW.period)
    sent.sort()
    assert all(after - before >= SLOW.spacing - 1e-4 for before, after in pairwise(sent))


def test_where_a_counted_limit_cannot_be_divided_nothing_is_sent() -> None:
    """24 a day, of 40 tasks."""
    share, left = NoShare(), dict[Window, float]()
    known: Mapping[Window, float] = left
    share.granted(Granted(0.0, 1, 1.0))
    share.begin(0.0, known)
    share.take(0)
    assert (share.opens_in(1), share.per_second) == (math.inf, 0.0)
