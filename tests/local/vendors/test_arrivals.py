from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.local.vendors.arrivals import Arrival, worst_closing, worst_defiance, worst_window


@pytest.mark.parametrize(
    ("times", "worst"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 1.0], 1),
        ([0.0, 0.999], 2),
        ([0.0, 0.5, 1.0, 1.5], 2),
        ([0.9, 0.9, 1.1, 1.1], 4),
        ([1.1, 0.9, 3.0], 2),
    ],
)
def test_window_is_half_open(times: list[float], worst: int) -> None:
    """A request exactly one window later is in the next one; the order of writing down does not matter."""
    assert worst_window(times, 1.0) == worst


@given(st.lists(st.integers(0, 60)), st.integers(1, 20))
def test_window_is_the_worst_of_all(times: list[int], seconds: int) -> None:
    """No window that begins with an arrival holds more, and one holds as many."""
    counts = [sum(start <= time < start + seconds for time in times) for start in times]
    assert worst_window(times, seconds) == max(counts, default=0)


def test_closings_are_counted_apart() -> None:
    """The worst closing is the one with the most arrivals; those that could know of it come after its first 429."""
    told = Arrival(1.0, 1.1, 429, closing=1)
    in_flight = Arrival(1.05, 1.15, 429, closing=1)
    probe = Arrival(2.0, 2.1, 429, closing=1)
    other = Arrival(5.0, 5.1, 429, closing=2)
    arrivals = [Arrival(0.0, 0.1, 200), told, in_flight, probe, other]
    assert worst_closing(arrivals) == 3
    assert worst_defiance(arrivals) == 1
    assert worst_closing(arrivals[:1]) == worst_defiance(arrivals[:1]) == 0
