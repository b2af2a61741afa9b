"""What one task may send where tasks do not ask each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.model.rate import Rate, Window, parse_rate
from worker.model.shares import safe_share, split_share


def test_four_fifths_of_the_limit_are_safe_for_all_together() -> None:
    """Each of eight tasks has a tenth of 80/s."""
    assert safe_share(parse_rate("80/s"), 8) == parse_rate("8/s")


def test_a_split_limit_leaves_room_for_a_rolling_deploy() -> None:
    """Old and new tasks run side by side."""
    assert split_share(parse_rate(["80/s", "600/min"]), 4) == parse_rate(["10/s", "75/min"])


def test_a_part_below_one_has_a_longer_window() -> None:
    """One request in as long as it takes."""
    assert split_share(parse_rate("1/s"), 4) == Rate((Window(1, 8.0),))


@given(limit=st.integers(1, 10_000), seconds=st.floats(1, 86_400), tasks=st.integers(1, 100))
def test_all_together_never_have_more_than_the_limit(limit: int, seconds: float, tasks: int) -> None:
    """Twice as many tasks as there may be, each with its part, in the long run."""
    rate = Rate((Window(limit, seconds),))
    assert 2 * tasks * split_share(rate, tasks).per_second <= rate.per_second * 1.000001
    assert tasks * safe_share(rate, tasks).per_second <= 0.8 * rate.per_second * 1.000001
