"""The line of a plot is the fill of the rolling window."""

from __future__ import annotations

from benchmarks.limit.rolling import rolling
from worker.model.rate import Window

TWO_A_SECOND = Window(2, 1.0)


def test_the_fill_rises_with_a_request_and_falls_a_window_later() -> None:
    """Two requests fill a window of two; a second after each it is gone."""
    at, fill = rolling([0.0, 0.5, 3.0], TWO_A_SECOND)
    assert list(zip(at, fill, strict=True)) == [(0.0, 50), (0.5, 100), (1.0, 50), (1.5, 0), (3.0, 50)]


def test_of_many_points_the_fullest_is_shown() -> None:
    """A line of few points hides no violation."""
    times = [number * 0.5 for number in range(20_000)]
    at, fill = rolling(sorted([*times, 5000.1]), TWO_A_SECOND)
    assert len(at) < 3000
    assert max(fill) == 150


def test_of_many_points_a_silence_is_shown() -> None:
    """Nor does it hide that nothing was sent for a while."""
    times = [*(number * 0.5 for number in range(20_000)), *(12_000 + number * 0.5 for number in range(20_000))]
    at, fill = rolling(times, TWO_A_SECOND)
    silent = [percent for instant, percent in zip(at, fill, strict=True) if 10_001 < instant < 12_000]
    assert silent == []
    assert min(fill[1:]) == 0
