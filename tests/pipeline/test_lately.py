"""Requests of the last minute, by seconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.lately import Lately


@given(gaps=st.lists(st.floats(0, 90), max_size=60), seconds=st.integers(1, 60))
def test_it_counts_the_last_whole_seconds(gaps: list[float], seconds: int) -> None:
    """As counting them all would."""
    lately, now, sent = Lately(), 1000.0, []
    for gap in gaps:
        now += gap
        lately.add(now)
        sent.append(int(now))
    expected = sum(int(now) - seconds <= second < int(now) for second in sent)
    assert lately.within(seconds, now) == expected


def test_a_part_of_a_second_counts_as_one() -> None:
    """And what is under way counts not yet."""
    lately = Lately()
    lately.add(5.5)
    assert [lately.within(0.2, 5.9), lately.within(0.2, 6.1), lately.within(60, 65.0)] == [0, 1, 1]
