"""The breaker counts what failed lately."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.model.breaker import Breaker

NOW = 1_000.0


def trips(breaker: Breaker, outcomes: str, now: float = NOW) -> bool:
    """Whether it tripped at the last of these outcomes: `x` failed, `.` did not."""
    return [breaker.trips(now, failed=outcome == "x") for outcome in outcomes][-1]


def test_half_of_the_outcomes_failing_trips_it() -> None:
    """Ten of twenty."""
    assert trips(Breaker(), "." * 10 + "x" * 10)


def test_less_than_half_does_not() -> None:
    """Ten of twenty-one."""
    assert not trips(Breaker(), "." * 11 + "x" * 10)


def test_few_outcomes_say_nothing() -> None:
    """Nineteen failures of nineteen."""
    assert not trips(Breaker(), "x" * 19)


def test_a_success_never_trips_it() -> None:
    """Were it the twentieth outcome after nineteen failures."""
    assert not trips(Breaker(), "x" * 19 + ".")


def test_what_happened_in_the_half_before_still_counts() -> None:
    """Nineteen failures, and one 16 s later."""
    breaker = Breaker()
    trips(breaker, "x" * 19)
    assert trips(breaker, "x", NOW + 16)


def test_after_a_quiet_window_it_begins_anew() -> None:
    """Nineteen failures, and one 30 s later."""
    breaker = Breaker()
    trips(breaker, "x" * 19)
    assert not trips(breaker, "x", NOW + 30)


def test_after_a_reset_it_begins_anew() -> None:
    """Nineteen failures of each half are forgotten."""
    breaker = Breaker()
    trips(breaker, "x" * 19)
    trips(breaker, "." * 30, NOW + 16)
    breaker.reset()
    assert not trips(breaker, "x" * 19, NOW + 17)


@given(steps=st.lists(st.tuples(st.floats(0, 12), st.booleans()), max_size=60))
def test_it_trips_for_what_happened_within_its_window_alone(steps: list[tuple[float, bool]]) -> None:
    """Whatever the pace: at least half the window is looked at, and nothing older than all of it."""
    breaker = Breaker(window=10, samples=3)
    now, seen = NOW, []
    for pause, failed in steps:
        now += pause
        seen.append((now, failed))
        tripped = breaker.trips(now, failed=failed)
        spans = {len([1 for at, _ in seen if at > now - span]) for span in (10.0, 5.0)}
        possible = [_trips([f for _, f in seen[-count:]]) for count in range(min(spans), max(spans) + 1)]
        assert not tripped or (failed and any(possible))
        assert tripped or not (failed and all(possible))


def _trips(failures: list[bool]) -> bool:
    return len(failures) >= 3 and sum(failures) >= len(failures) / 2
