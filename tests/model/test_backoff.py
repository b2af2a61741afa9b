"""Full jitter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.backoff import Backoff


@pytest.mark.parametrize(("failures", "seconds"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (300, 900)])
def test_the_longest_wait_doubles_up_to_the_cap(failures: int, seconds: int) -> None:
    """2 s, 4 s, 8 s … 15 min."""
    assert Backoff(chance=lambda: 1.0).delay(failures) == timedelta(seconds=seconds)


@given(
    failures=st.integers(1, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    base=st.timedeltas(timedelta(milliseconds=1), timedelta(minutes=15)),
)
def test_a_wait_lies_between_nothing_and_the_cap(failures: int, chance: float, base: timedelta) -> None:
    """However often it failed and whatever the base."""
    delay = Backoff(base=base, cap=timedelta(minutes=15), chance=lambda: chance).delay(failures)
    assert timedelta(0) <= delay <= timedelta(minutes=15)


def test_the_jitter_is_full() -> None:
    """The wait is spread evenly from nothing on, so that what failed together does not come back together."""
    assert Backoff(chance=lambda: 0.25).delay(2) == timedelta(seconds=1)
    assert Backoff(chance=lambda: 0.0).delay(2) == timedelta(0)
