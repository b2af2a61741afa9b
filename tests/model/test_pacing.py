"""The spacing of a fleet's send times keeps the limit by arithmetic, and the times of an outage fit together."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.windows import most_within
from worker.model.pacing import (
    CATCH_UP,
    GIVEN_UP,
    IN_TOUCH,
    PATIENCE,
    PROOF,
    SAFE,
    SKEW,
    Pacing,
    is_derated,
    pacing,
)
from worker.model.rate import Rate, Window, parse_rate

GUARD = 0.02
RATES = st.lists(
    st.builds(Window, st.integers(1, 2_000), st.sampled_from([0.5, 1.0, 2.0, 10.0, 12.0, 30.0, 60.0])),
    min_size=1,
    max_size=3,
    unique_by=lambda window: window.seconds,
).map(lambda windows: Rate(tuple(sorted(windows, key=lambda window: window.seconds))))


def of(text: object, max_tasks: int = 8, largest: int = 1) -> Pacing:
    return pacing(parse_rate(text), guard=GUARD, max_tasks=max_tasks, largest=largest)


@pytest.mark.parametrize(
    ("rate", "max_tasks", "use"),
    [
        ("80/s", 8, 0.895),
        ("1000/s", 8, 0.893),
        ("10/s", 8, 0.895),
        ("1/s", 8, 0.895),
        ("0.5/s", 8, 0.902),
        ("600/min", 8, 0.980),
        ("600/min", 1, 0.991),
        ("60/min", 8, 0.996),
        (["10/s", "150/min"], 4, 0.958),
    ],
    ids=str,
)
def test_what_the_spacing_uses(rate: object, max_tasks: int, use: float) -> None:
    """Of limit / (window + guard); docs/limits.md has these figures."""
    tightest = min(window.limit / (window.seconds + GUARD) for window in parse_rate(rate).windows)
    assert 1 / of(rate, max_tasks).spacing / tightest == pytest.approx(use, abs=0.001)


@given(
    rate=RATES,
    largest=st.integers(1, 10),
    data=st.data(),
)
def test_whatever_is_sent_on_time_keeps_every_window(rate: Rate, largest: int, data: st.DataObject) -> None:
    """Slots a spacing apart, or more; calls of several, each at its last slot or late; clocks off as they may be."""
    paced = pacing(rate, guard=GUARD, max_tasks=1, largest=largest)
    costs = data.draw(st.lists(st.integers(1, paced.largest), max_size=30))
    gaps = data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 5.0]), min_size=sum(costs), max_size=sum(costs)))
    slots = list(accumulate(gap + paced.spacing for gap in gaps))
    sent: list[float] = []
    for cost in costs:
        first, last = slots[len(sent)], slots[len(sent) + cost - 1]
        late = paced.tolerance + (paced.largest - 1) * paced.spacing - (last - first)
        if late < 0:
            return  # the first of them is forfeited before the last one comes
        sent += [last + data.draw(st.sampled_from([0.0, late])) + data.draw(st.sampled_from([-SKEW, SKEW]))] * cost
    sent.sort()
    assert all(most_within(sent, window.seconds + GUARD) <= window.limit for window in rate.windows)


@given(rate=RATES, largest=st.integers(1, 10))
def test_a_hair_less_would_be_too_little(rate: Rate, largest: int) -> None:
    """The tightest window that is not derated is full with both its ends counted."""
    paced = pacing(rate, guard=GUARD, max_tasks=1, largest=largest)
    if any(is_derated(window, 1) for window in rate.windows):
        return
    lengths = [
        (window.limit - paced.largest + 1, window.seconds + GUARD + paced.tolerance + 2 * SKEW)
        for window in rate.windows
    ]
    assert any(tokens * (paced.spacing - 3e-6) < length for tokens, length in lengths)


@given(rate=RATES, max_tasks=st.integers(1, 40))
def test_the_safe_shares_of_all_tasks_stay_below_the_limit(rate: Rate, max_tasks: int) -> None:
    """Four fifths at most, and four fifths of a task's part or more, where that is one in a window at all."""
    share = pacing(rate, guard=GUARD, max_tasks=max_tasks).share
    if share is None:
        assert any(SAFE * window.limit < max_tasks for window in rate.windows)
        return
    for window, part in zip(rate.windows, share.windows, strict=True):
        assert part.seconds == window.seconds
        assert 1 <= part.limit <= SAFE * window.limit / max_tasks < part.limit + 1


@given(rate=RATES, max_tasks=st.integers(1, 40))
def test_a_derated_window_holds_the_end_of_a_share_and_the_slots_after_it(rate: Rate, max_tasks: int) -> None:
    """The worst there is: all tasks' tokens at once, then what each makes up for, then slots without a gap."""
    paced = pacing(rate, guard=GUARD, max_tasks=max_tasks)
    for window in rate.windows:
        if not is_derated(window, max_tasks):
            continue
        span = window.seconds + GUARD
        part = math.floor(SAFE * window.limit / max_tasks)
        for tenth in range(11):
            shares = span * tenth / 10
            tokens = max_tasks * min(part, 1 + math.floor((shares + CATCH_UP) * part / span))
            slots = math.floor((span - shares + paced.tolerance + 2 * SKEW) / paced.spacing) + 1
            assert tokens + slots <= window.limit


@given(rate=RATES, max_tasks=st.integers(1, 40))
def test_a_window_that_is_not_derated_is_waited_for(rate: Rate, max_tasks: int) -> None:
    """Before the share and after it, so that no window holds slots and shares."""
    paced = pacing(rate, guard=GUARD, max_tasks=max_tasks)
    for window in rate.windows:
        span = 0.0 if is_derated(window, max_tasks) else window.seconds + GUARD
        # The first failed call began PATIENCE before the table went away at the earliest, and until IN_TOUCH after it
        # slots are used; shares are sent until PROOF after it is back.
        assert paced.given_up - PATIENCE - IN_TOUCH >= span
        assert paced.rest - PROOF >= span


def test_only_long_windows_are_derated_and_only_where_it_costs_little() -> None:
    """A twentieth of the limit at most."""
    assert is_derated(Window(600, 60.0), 8)
    assert not is_derated(Window(60, 60.0), 8)
    assert not is_derated(Window(100_000, 10.0), 1)
    assert of("60/min").rest == pytest.approx(PROOF + 60.24)
    assert of("600/min").rest == PROOF


def test_who_was_in_touch_when_the_table_went_away_is_not_when_a_share_is_sent() -> None:
    """A share needs a call that failed and began less than PROOF ago, GIVEN_UP after the first one began."""
    shortest_outage = GIVEN_UP - PATIENCE - PROOF
    assert shortest_outage >= IN_TOUCH + PATIENCE


def test_a_slot_is_late_by_a_tenth_of_the_window_at_most() -> None:
    """And by 0.2 s."""
    assert of("80/s").tolerance == pytest.approx(0.1)
    assert of("600/min").tolerance == pytest.approx(0.2)
    assert of(["10/s", "600/min"]).tolerance == pytest.approx(0.1)


def test_windows_above_a_minute_are_counted_and_paced() -> None:
    """By the shortest of them, a little faster than it allows on average."""
    paced = of(["600/h", "5000/d"])
    assert paced.quotas == (Window(600, 3_600.0), Window(5_000, 86_400.0))
    assert paced.spacing == pytest.approx(6.0 / 1.05)
    assert paced.rest == PROOF
    assert of(["10/s", "100000/d"]).spacing == of("10/s").spacing


def test_a_call_cannot_take_more_than_a_window_holds() -> None:
    """Were it said to."""
    assert of("5/s", largest=40).largest == 5


@pytest.mark.parametrize(("rate", "max_tasks"), [("1/s", 8), ("1/s", 1), ("0.5/s", 4), ("10/s", 40)])
def test_a_round_of_seats_is_a_safe_share_of_the_schedule(rate: str, max_tasks: int) -> None:
    """All tasks' seats fit into it a spacing apart, and four fifths of the limit pass."""
    paced = of(rate, max_tasks)
    (window,) = parse_rate(rate).windows
    assert paced.share is None
    assert max_tasks * paced.seats * paced.spacing <= paced.period
    passed = max_tasks * paced.seats / paced.period
    assert passed <= SAFE * window.limit / (window.seconds + GUARD) + 1e-9
    assert passed >= 0.99 * min(SAFE * window.limit / (window.seconds + GUARD), 1 / paced.spacing)
