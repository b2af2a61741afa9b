"""The ceiling is exact: neither one more nor one less than the limit allows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.rate import Rate, Window
from worker.pipeline.ceiling import Ceiling

NOW = 1_000.0
TINY = 1e-5  # above the ceiling's own allowance for rounding

WINDOWS = st.lists(
    st.builds(Window, st.integers(1, 6), st.sampled_from([0.5, 1.0, 2.0, 5.0])), min_size=1, max_size=3
).map(lambda windows: Rate(tuple(sorted(windows, key=lambda window: window.seconds))))
GUARDS = st.sampled_from([0.0, 0.02, 0.5])


def test_as_many_as_the_limit_leave_at_once_and_the_next_a_window_and_a_guard_later() -> None:
    """Not one sooner."""
    ceiling = Ceiling(Rate((Window(2, 1.0),)), guard=0.25)
    for _ in range(2):
        assert ceiling.opens_at() <= NOW
        ceiling.take(NOW)
    assert NOW + 1.25 <= ceiling.opens_at() < NOW + 1.25 + TINY


def test_the_tightest_window_decides() -> None:
    """Two a second, three in ten."""
    ceiling = Ceiling(Rate((Window(2, 1.0), Window(3, 10.0))), guard=0.0)
    for instant in (NOW, NOW, NOW + 2):
        ceiling.take(instant)
    assert math.isclose(ceiling.opens_at(), NOW + 10, abs_tol=TINY)


@given(rate=WINDOWS, guard=GUARDS, pauses=st.lists(st.floats(0, 3), max_size=40))
def test_no_rolling_window_holds_more_than_its_limit(rate: Rate, guard: float, pauses: list[float]) -> None:
    """Whatever the pattern in which they come: each leaves as soon as the ceiling is open."""
    ceiling, now, sent = Ceiling(rate, guard), NOW, []
    for pause in pauses:
        now = max(now + pause, ceiling.opens_at())
        ceiling.take(now)
        sent.append(now)
    for window in rate.windows:
        assert all(
            late - early > window.seconds + guard for early, late in zip(sent, sent[window.limit :], strict=False)
        )


@given(rate=WINDOWS, guard=GUARDS, pauses=st.lists(st.floats(0, 3), max_size=20), look=st.floats(0, 8))
def test_the_room_is_what_can_be_sent_within_the_look_ahead(
    rate: Rate, guard: float, pauses: list[float], look: float
) -> None:
    """By the count of one window it is exact; of several the tightest counts, which is never too few."""
    window = Rate(rate.windows[:1])
    ceiling, now = Ceiling(window, guard), NOW
    for pause in pauses:
        now = max(now + pause, ceiling.opens_at())
        ceiling.take(now)
    room, sooner, later = (ceiling.room(now, max(0.0, look + shift)) for shift in (0.0, -TINY, TINY))
    until, possible = now + look, 0
    while (now := max(now, ceiling.opens_at())) <= until:
        ceiling.take(now)
        possible += 1
    assert min(sooner, room) <= possible <= max(later, room)


def test_a_look_ahead_of_several_windows_sees_no_more_than_fits() -> None:
    """One a second, sent just now: within 2 s one more can leave (at 1.02 s), not two."""
    ceiling = Ceiling(Rate((Window(1, 1.0),)), guard=0.02)
    assert ceiling.room(NOW, 2.0) == 2
    ceiling.take(NOW)
    assert ceiling.room(NOW, 2.0) == 1


def test_the_room_is_that_of_the_tightest_window() -> None:
    """Ten a second, twelve a minute."""
    ceiling = Ceiling(Rate((Window(10, 1.0), Window(12, 60.0))), guard=0.0)
    assert ceiling.room(NOW, 0.5) == 10
    assert ceiling.room(NOW, 5.0) == 12
    for _ in range(10):
        ceiling.take(NOW)
    assert ceiling.room(NOW, 0.5) == 0
    assert ceiling.room(NOW, 5.0) == 2


def test_what_is_older_than_its_window_takes_no_memory() -> None:
    """A high limit costs what is sent, not what might be."""
    ceiling = Ceiling(Rate((Window(10**9, 1.0),)), guard=0.0)
    for second in range(100):
        ceiling.take(NOW + second)
    assert len(ceiling._used) <= 2


def test_a_call_of_several_tokens_leaves_when_there_is_room_for_all() -> None:
    """Of ten, six and three are used; four more fit when the six are a window ago, eight when all are."""
    ceiling = Ceiling(Rate((Window(10, 1.0),)), guard=0.0)
    ceiling.take(NOW, 6)
    ceiling.take(NOW + 0.5, 3)
    assert ceiling.opens_at(1) <= NOW
    assert math.isclose(ceiling.opens_at(4), NOW + 1, abs_tol=TINY)
    assert math.isclose(ceiling.opens_at(8), NOW + 1.5, abs_tol=TINY)


def test_what_no_window_holds_is_never_let_through() -> None:
    """Ten a second, and three in ten: a call of four waits for ever."""
    ceiling = Ceiling(Rate((Window(10, 1.0), Window(3, 10.0))), guard=0.0)
    assert ceiling.opens_at(3) == 0.0
    assert ceiling.opens_at(4) == math.inf


def test_a_lower_limit_counts_what_was_sent_before_it() -> None:
    """Five were sent, two may be in a second: the next one waits until only one of them is that young."""
    ceiling = Ceiling(Rate((Window(5, 1.0),)), guard=0.0)
    for tenth in range(5):
        ceiling.take(NOW + tenth / 10)
    ceiling.change(Rate((Window(2, 1.0),)))
    assert math.isclose(ceiling.opens_at(), NOW + 1.3, abs_tol=TINY)
    assert ceiling.room(NOW + 0.5, 0.0) == 0
    assert ceiling.room(NOW + 0.5, 0.85) == 1


def test_a_higher_limit_opens_at_once() -> None:
    """Two were sent of two, now it is five: three more."""
    ceiling = Ceiling(Rate((Window(2, 1.0),)), guard=0.0)
    ceiling.take(NOW, 2)
    ceiling.change(Rate((Window(5, 1.0),)))
    assert ceiling.opens_at(3) <= NOW
    assert ceiling.room(NOW, 0.0) == 3


def test_a_longer_window_counts_exactly_what_is_in_memory() -> None:
    """One a second for a minute, and then twenty in half a minute: ten too many are that young."""
    ceiling = Ceiling(Rate((Window(1, 0.9),)), guard=0.0, memory=60.0)
    for second in range(60):
        ceiling.take(NOW + second)
    ceiling.change(Rate((Window(20, 30.0),)))
    assert math.isclose(ceiling.opens_at(), NOW + 40 + 30, abs_tol=TINY)


def test_what_is_forgotten_counts_as_if_it_had_all_been_used_at_the_last() -> None:
    """A window that is longer than memory, too: late, but never one too many."""
    ceiling = Ceiling(Rate((Window(1, 0.9),)), guard=0.0, memory=10.0)
    for second in range(60):
        ceiling.take(NOW + second)
    ceiling.change(Rate((Window(30, 100.0),)))
    assert math.isclose(ceiling.opens_at(), NOW + 48 + 100, abs_tol=TINY)
    assert ceiling.room(NOW + 60, 10.0) == 0
    assert not ceiling.is_idle(NOW + 60)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_it_is_idle_once_nothing_counts_any_more(seconds: float) -> None:
    """A window and a guard after the last one, whether there was any room meanwhile or not."""
    ceiling = Ceiling(Rate((Window(2, 1.0), Window(3, 10.0))), guard=0.5)
    assert ceiling.is_idle(NOW)
    ceiling.take(NOW + seconds)
    assert not ceiling.is_idle(NOW + seconds + 10.4)
    assert ceiling.is_idle(NOW + seconds + 10.6)
