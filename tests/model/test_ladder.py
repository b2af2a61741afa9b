"""The ladder: one policy that Application Auto Scaling takes, and that follows the metric up and down to zero."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from worker.model.ladder import ladder
from worker.model.scaling import Sight, Terms, required_tasks

CAPS = st.integers(1, 5000)
EXACT = st.integers(1, 19)


@given(cap=CAPS, required=st.floats(0, 1e9))
def test_every_datapoint_sets_a_number_of_tasks(cap: int, required: float) -> None:
    """From zero to any height: the alarm is in ALARM, and one step is meant; never above the cap."""
    found = ladder(cap)
    assert required >= found.threshold
    assert 0 <= (found.capacity(required) or 0) <= cap
    assert found.capacity(required) is not None


@given(cap=EXACT, required=st.integers(0, 100))
def test_up_to_19_tasks_it_is_exact(cap: int, required: int) -> None:
    """What is required is what runs."""
    assert ladder(cap).capacity(required) == min(required, cap)


@given(
    cap=EXACT,
    visible=st.integers(0, 10**7),
    goal=st.integers(10, 10**5),
    seconds=st.integers(1, 600),
    limit=st.none() | st.integers(1, 1000),
)
def test_what_is_required_is_what_is_set(cap: int, visible: int, goal: int, seconds: int, limit: int | None) -> None:
    """Of any backlog: the metric says the number, the ladder sets it."""
    terms = Terms(concurrency=10, latency_goal=goal, timeout=10.0, per_second=limit)
    tasks = required_tasks(terms, Sight(visible, request_seconds=seconds), max_tasks=cap).tasks
    assert ladder(cap).capacity(float(tasks)) == tasks


@given(cap=CAPS, required=st.integers(0, 6000))
def test_it_rounds_up_and_never_down(cap: int, required: int) -> None:
    """No fewer than are required, as far as the cap allows; none for none."""
    found = ladder(cap).capacity(required)
    assert found is not None
    assert found >= min(required, cap)
    assert (found == 0) == (required == 0)


@given(cap=CAPS, one=st.integers(0, 6000), more=st.integers(0, 6000))
def test_more_required_is_never_fewer_tasks(cap: int, one: int, more: int) -> None:
    """It is monotone."""
    found = ladder(cap)
    assert (found.capacity(one) or 0) <= (found.capacity(one + more) or 0)


@given(cap=CAPS)
def test_application_auto_scaling_takes_it(cap: int) -> None:
    """At most 20 adjustments, without gap or overlap, no bound negative, the last one open, capacities rising."""
    steps = ladder(cap).steps
    assert 2 <= len(steps) <= 20
    assert steps[0].lower == 0
    assert steps[-1].upper is None
    assert all(below.upper == above.lower for below, above in pairwise(steps))
    assert all(below.capacity < above.capacity for below, above in pairwise(steps))
    assert (steps[0].capacity, steps[-1].capacity) == (0, cap)


@given(cap=CAPS, required=st.integers(0, 5000))
def test_a_number_of_tasks_lies_amid_its_step(cap: int, required: int) -> None:
    """Whichever bound of a step is part of it, and whatever is lost in a float, it is the same step."""
    found = ladder(cap)
    assert found.capacity(required - 0.49) == found.capacity(required) == found.capacity(required + 0.49)


@given(cap=st.integers(20, 500), required=st.integers(1, 500))
def test_a_large_cap_costs_less_than_half_more(cap: int, required: int) -> None:
    """Of 500 tasks twenty numbers are enough for that."""
    found = ladder(cap).capacity(min(required, cap))
    assert found is not None
    assert found <= 1.5 * min(required, cap)


def test_a_datapoint_below_the_threshold_does_nothing() -> None:
    """There is none; if there were, the alarm would be OK."""
    assert ladder(4).capacity(-1) is None
