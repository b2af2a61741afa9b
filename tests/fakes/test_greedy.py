"""The greedy schedule keeps the limit, and nothing could leave sooner."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.greedy import greedy
from worker.model.rate import Rate, Window

GUARD = 0.25
RATES = st.lists(st.builds(Window, st.integers(3, 6), st.sampled_from([1.0, 2.0, 5.0])), min_size=1, max_size=3).map(
    lambda windows: Rate(tuple(windows))
)
CALLS = st.lists(st.tuples(st.sampled_from([0.0, 0.125, 1.0, 6.0]), st.integers(1, 3)), max_size=30)


@given(RATES, CALLS)
def test_nothing_leaves_too_soon_and_nothing_could_leave_sooner(rate: Rate, gaps: list[tuple[float, int]]) -> None:
    """By counting, at the instant of leaving and just before it. All instants are eighths: floats add them exactly."""
    at, calls = 0.0, []
    for gap, cost in gaps:
        at += gap
        calls.append((at, cost))
    left = greedy(rate, GUARD, calls)
    tokens: list[float] = []
    for (at, cost), now in zip(calls, left, strict=True):
        assert fits(rate, tokens, cost, now)
        assert now == max([at, *tokens[-1:]]) or not fits(rate, tokens, cost, now - 0.0625)
        tokens += [now] * cost


def fits(rate: Rate, tokens: list[float], cost: int, now: float) -> bool:
    return all(
        sum(1 for one in tokens if now - one < window.seconds + GUARD) + cost <= window.limit for window in rate.windows
    )


def test_what_was_used_before_counts() -> None:
    """Two of three a second were used half a second ago."""
    rate = Rate((Window(3, 1.0),))
    assert greedy(rate, 0.0, [(10.0, 1), (10.0, 1)], [9.5, 9.5]) == [10.0, 10.5]
