"""A long window is counted in parts: never too little is counted, and nearly all of it may be used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.model.quota import PARTS, Counts, Quota
from worker.model.rate import Window

NOW = 1_800_000_000.0
HOUR = 3_600.0
MINUTE = 60.0  # a part of an hour


def quota(counts: Counts, start: float = NOW, guard: float = 0.0, limit: int = 100) -> Quota:
    return Quota(Window(limit, HOUR), guard, counts, start)


def part(instant: float) -> int:
    return int(instant // MINUTE)


def test_what_is_counted_within_the_window_is_gone() -> None:
    """A part counts whole while any of it is within the window, and the guard before that."""
    oldest = part(NOW - HOUR)  # NOW begins a part
    counts = {oldest - 1: 7, oldest: 20, part(NOW): 30}
    assert quota(counts).left == 50
    assert quota(counts, guard=0.1).left == 43
    assert quota(counts, start=NOW + MINUTE - 0.1).left == 50
    assert quota(counts, start=NOW + MINUTE).left == 70


def test_a_limit_that_was_lowered_leaves_nothing() -> None:
    """Rather than less than that."""
    assert quota({part(NOW): 30}, limit=20).left == 0


def test_the_oldest_part_says_when_more_is_free() -> None:
    """When the last instant of it is a window and a guard ago."""
    counts = {part(NOW - 2 * HOUR): 50, part(NOW - 600): 60, part(NOW): 40}
    assert quota(counts, start=NOW + 5, guard=2.0).frees_in == MINUTE - 600 + HOUR + 2.0 - 5


def test_a_grant_is_counted_where_it_ends() -> None:
    """With what stands there already."""
    counts = {part(NOW): 5, part(NOW + MINUTE): 2}
    tally = quota(counts).tally(10, NOW + MINUTE + 1)
    assert tally.added(counts) == {part(NOW): 5, part(NOW + MINUTE): 12}
    assert (tally.most, tally.total) == (90, 7)


def test_what_counts_no_more_is_removed_when_it_is_in_the_way() -> None:
    """Not before: tasks would hinder one another at each part's end."""
    counts = {part(NOW) - PARTS - 5: 50, part(NOW): 40}
    assert quota(counts).tally(10, NOW).stale == {}
    assert quota(counts).tally(11, NOW).stale == {part(NOW) - PARTS - 5: 50}
    assert quota(counts).tally(11, NOW).added(counts) == {part(NOW): 51}


def test_what_counts_no_more_does_not_pile_up() -> None:
    """Asked each minute for hours, far below its limit: an item stays small."""
    counts: Counts = {}
    for minute in range(400):
        now = NOW + minute * MINUTE
        counts = quota(counts, now, limit=10**6).tally(1, now).added(counts)
        assert len(counts) <= PARTS + 32


@given(
    st.lists(st.tuples(st.floats(0.0, 900.0), st.integers(1, 40), st.floats(0.0, 2.0)), max_size=60),
    st.sampled_from([0.0, 0.5, 90.0]),
)
def test_no_rolling_window_holds_more_than_the_limit(asks: list[tuple[float, int, float]], guard: float) -> None:
    """Whatever the pattern: each grant is used at any instant from its start to its end."""
    counts: Counts = {}
    now, sent = NOW, []
    for pause, wanted, lasting in asks:
        now += pause
        found = quota(counts, now, guard)
        count = min(wanted, found.left)
        if count:
            counts = found.tally(count, now + lasting).added(counts)
            sent += [now + lasting * index / count for index in range(count)]
    sent.sort()
    assert all(late - early > HOUR + guard - 1e-6 for early, late in zip(sent, sent[100:], strict=False))
