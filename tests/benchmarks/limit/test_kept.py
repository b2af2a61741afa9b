"""What is said of a limit follows from the instants of sending and arriving."""

from __future__ import annotations

import math

import pytest

from benchmarks.limit.kept import kept, longest_silence, sufficient_guard, use, use_between, violations
from benchmarks.limit.sending import Watch
from worker.model.rate import parse_rate

TEN_A_SECOND = parse_rate("10/s")
GUARD = 0.02


def even(count: int, gap: float, start: float = 100.0) -> list[float]:
    return [start + number * gap for number in range(count)]


def guarded_windows(count: int, each: float = 1.02) -> list[float]:
    return [100 + window * each + number * 0.01 for window in range(count) for number in range(10)]


def used(times: list[float], until: float, since: float = 0.0) -> float:
    return use(times, Watch(since, until), TEN_A_SECOND, GUARD)


def test_a_request_a_whole_window_later_is_no_violation() -> None:
    """The limit-th request before may be exactly a window ago."""
    assert violations([0.0] * 10 + [1.0] * 10, 10, 1.0) == 0


def test_each_request_too_many_is_counted() -> None:
    """Three requests beyond ten within a second are three violations."""
    assert violations([0.0] * 10 + [0.999] * 3, 10, 1.0) == 3


def test_every_window_of_a_rate_is_looked_at() -> None:
    """A violation of the longer window is one, though the shorter holds."""
    second, minute = kept(even(100, 0.1), parse_rate(["10/s", "60/min"]))
    assert (second.worst, second.violations) == (10, 0)
    assert (minute.worst, minute.violations) == (100, 40)


def test_full_use_is_one() -> None:
    """A worker that sends the limit in every guarded window uses all of it."""
    assert used(guarded_windows(5), until=100 + 5 * 1.02) == pytest.approx(1)


def test_the_unfinished_window_is_left_out() -> None:
    """What a worker sends early in its last window does not make up for what it missed before."""
    sent = [*even(8, 0.1), *even(10, 0.01, start=101.02)]
    assert used(sent, until=101.5) == pytest.approx(0.8)


def test_what_each_window_is_late_is_seen() -> None:
    """A worker that opens each window 10 ms late, and hurries within it, has not used all of it."""
    assert used(guarded_windows(5, each=1.03), until=100 + 4.5 * 1.03) == pytest.approx(1.02 / 1.03)


def test_a_standstill_is_seen() -> None:
    """A worker that stops sending half-way has used half."""
    assert used(guarded_windows(5), until=100 + 10 * 1.02) == pytest.approx(0.5)


def test_what_was_sent_before_all_were_there_is_left_out() -> None:
    """The use begins when all workers have begun: what few sent before counts for nothing."""
    sent = [*even(5, 0.01, start=90), *guarded_windows(5)]
    assert used(sent, until=100 + 5 * 1.02, since=95) == pytest.approx(1)


def test_the_use_is_of_the_window_that_allows_least() -> None:
    """Of two windows the one with the smaller mean is the one that can be used up."""
    rate = parse_rate(["10/s", "60/min"])
    assert use(even(100, 0.1), Watch(0, 100 + 60.02), rate, GUARD) == pytest.approx(100 / 60)


@pytest.mark.parametrize("sent", [[], even(5, 0.1)])
def test_less_than_a_window_says_nothing(sent: list[float]) -> None:
    """Where no guarded window was whole, the use is not a number, and so misses its goal."""
    assert math.isnan(used(sent, until=100.9))


def test_the_use_of_a_stretch_is_what_was_sent_in_it() -> None:
    """Eight a second for three seconds are four fifths of ten a second, with the guard a little more."""
    sent = even(80, 0.125)
    assert use_between(sent, 102, 105, TEN_A_SECOND, GUARD) == pytest.approx(0.8 * 1.02)


def test_the_longest_silence_begins_and_ends_with_the_stretch() -> None:
    """Before the first request and after the last nothing was sent either."""
    assert longest_silence([1.0, 5.0, 6.0], 4.0, 6.5) == 1.0
    assert longest_silence([1.0, 5.0, 6.0], 4.0, 9.0) == 3.0
    assert longest_silence([], 4.0, 9.0) == 5.0


def test_the_sufficient_guard_is_what_the_way_has_eaten() -> None:
    """Requests that left 20 ms beyond a window apart and arrived 5 ms short of one need 25 ms of guard."""
    arrived = [*even(10, 0.0), *even(10, 0.0, start=100.995)]
    assert sufficient_guard(arrived, TEN_A_SECOND, GUARD) == pytest.approx(0.025)


def test_a_guard_that_was_not_needed_is_none() -> None:
    """Where the vendor's windows were never nearly full, no guard would have sufficed too."""
    assert sufficient_guard(even(50, 0.2), TEN_A_SECOND, GUARD) == 0
    assert math.isnan(sufficient_guard(even(10, 0.1), TEN_A_SECOND, GUARD))
