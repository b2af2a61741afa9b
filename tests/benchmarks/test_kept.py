"""What is said of a limit follows from the instants of sending."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from benchmarks.kept import Sending, figures_of, use, violations
from worker.model.rate import Window, parse_rate

_TEN_A_SECOND = Window(10, 1.0)


def _even(count: int, gap: float) -> list[float]:
    return [100 + number * gap for number in range(count)]


def _figures(sent: list[float], rate: object, until: float) -> Mapping[str, float]:
    return {figure.name: figure.value for figure in figures_of("row", parse_rate(rate), 0.02, Sending(sent, [], until))}


def test_a_request_a_whole_window_later_is_no_violation() -> None:
    """The limit-th request before may be exactly a window ago."""
    assert violations([0.0] * 10 + [1.0] * 10, _TEN_A_SECOND) == 0


def test_each_request_too_many_is_counted() -> None:
    """Three requests beyond ten within a second are three violations."""
    assert violations([0.0] * 10 + [0.999] * 3, _TEN_A_SECOND) == 3


def test_full_use_is_one() -> None:
    """A worker that sends the limit in every guarded window uses all of it."""
    sent = [100 + window * 1.02 + number * 0.01 for window in range(5) for number in range(10)]
    assert use(Sending(sent, [], until=100 + 5 * 1.02), _TEN_A_SECOND, 0.02) == pytest.approx(1)


def test_the_unfinished_window_is_left_out() -> None:
    """What a worker sends early in its last window does not make up for what it missed before."""
    sent = [*_even(8, 0.1), *(101.02 + number / 100 for number in range(10))]
    assert use(Sending(sent, [], until=101.5), _TEN_A_SECOND, 0.02) == pytest.approx(0.8)


def test_what_each_window_is_late_is_seen() -> None:
    """A worker that opens each window 10 ms late, and hurries within it, has not used all of it."""
    sent = [100 + window * 1.03 + number * 0.01 for window in range(5) for number in range(10)]
    assert use(Sending(sent, [], until=100 + 4.5 * 1.03), _TEN_A_SECOND, 0.02) == pytest.approx(1.02 / 1.03)


def test_a_standstill_is_seen() -> None:
    """A worker that stops sending half-way has used half."""
    sent = [100 + window * 1.02 + number * 0.01 for window in range(5) for number in range(10)]
    assert use(Sending(sent, [], until=100 + 10 * 1.02), _TEN_A_SECOND, 0.02) == pytest.approx(0.5)


@pytest.mark.parametrize("sent", [[], _even(5, 0.1)])
def test_less_than_a_window_says_nothing(sent: list[float]) -> None:
    """Where no guarded window was whole, the use is not a number, and so misses its goal."""
    assert math.isnan(use(Sending(sent, [], until=100.9), _TEN_A_SECOND, 0.02))


def test_every_window_of_a_rate_is_looked_at() -> None:
    """A violation of the longer window is one, though the shorter holds; the use is of the one that allows least."""
    figures = _figures(_even(100, 0.1), ["10/s", "60/min"], until=100 + 60.02)
    assert figures["row.worst_1s_sent"] == 10
    assert figures["row.worst_60s_sent"] == 100
    assert figures["row.violations"] == 40
    assert figures["row.use"] == pytest.approx(100 / 60)
