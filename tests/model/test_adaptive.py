"""The adaptive rate falls at once and comes back slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.adaptive import CUT, LEAST, RECOVERY, Adaptive

NOW = 1_000_000.0


def test_it_begins_at_the_full_rate() -> None:
    """And stays there while nobody throttles."""
    assert Adaptive().now(NOW) == 1.0


def test_a_throttling_cuts_what_there_is() -> None:
    """The second, two seconds after the first: seven tenths of what had come back by then."""
    first = Adaptive().throttled(NOW, NOW + 0.2)
    assert first == Adaptive(CUT, NOW + 0.2)
    second = first.throttled(NOW + 2.1, NOW + 2.2)
    assert second.factor == pytest.approx(CUT * (CUT + 2 * RECOVERY))


def test_one_round_trip_is_one_throttling() -> None:
    """Requests that left before the cut say nothing new; one that left at its instant does."""
    cut = Adaptive().throttled(NOW, NOW + 0.2)
    assert cut.throttled(NOW + 0.1, NOW + 0.3) is cut
    assert cut.throttled(NOW + 0.2, NOW + 0.3) is not cut


@given(st.lists(st.floats(-0.1, 100.0), max_size=60), st.floats(0.0, 1_000.0))
def test_it_is_never_above_the_full_rate_and_never_nothing(pauses: list[float], then: float) -> None:
    """However often and at whatever instants it is throttled, by clocks that differ."""
    adaptive, now = Adaptive(), NOW
    for pause in pauses:
        now += pause
        adaptive = adaptive.throttled(now, now)
        assert LEAST <= adaptive.now(now) <= CUT + RECOVERY * 0.1
    assert LEAST <= adaptive.now(now + then) <= 1.0
    assert adaptive.now(now + 100.0) == 1.0


def test_it_does_not_recover_while_the_vendor_is_closed() -> None:
    """A minute's cooldown, and what was cut is still cut when the probe leaves; from then on it comes back."""
    closed = Adaptive().throttled(NOW, NOW, closed_for=60.0)
    assert closed.now(NOW + 30.0) < CUT
    assert closed.now(NOW + 60.0) == pytest.approx(CUT)
    assert closed.now(NOW + 70.0) == pytest.approx(CUT + 10 * RECOVERY)


ADAPTIVES = st.builds(
    lambda factor, closed: Adaptive(factor - RECOVERY * closed, NOW), st.floats(LEAST, 1.0), st.floats(0.0, 200.0)
)


@given(ADAPTIVES, st.floats(0.0, 400.0), st.floats(0.0, 300.0))
def test_slowed_time_is_the_sum_of_the_factor(adaptive: Adaptive, since: float, seconds: float) -> None:
    """Added up in small steps, it comes to the same."""
    step = seconds / 2_000
    summed = sum(adaptive.now(NOW + since + (number + 0.5) * step) for number in range(2_000)) * step
    assert adaptive.passed(NOW + since, NOW + since + seconds) == pytest.approx(summed, rel=1e-4, abs=1e-6)


@given(ADAPTIVES, st.floats(-10.0, 400.0), st.floats(0.0, 300.0))
def test_what_lasts_so_long_has_passed_by_then(adaptive: Adaptive, after: float, slowed: float) -> None:
    """How long slowed seconds last is the inverse of how many pass."""
    lasts = adaptive.lasts(slowed, NOW + after)
    assert lasts >= slowed - 1e-6
    assert adaptive.passed(NOW + after, NOW + after + lasts) == pytest.approx(slowed, abs=1e-6)
