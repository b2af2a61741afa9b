"""The brake holds back what an adaptive rate takes off, in the burst and in every window."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.adaptive import CUT, RECOVERY, Adaptive
from worker.pipeline.brake import Brake

NOW = 1_000.0
BURST, PACE = 2, 10.0  # tokens, tokens per second


def braked(*windows: tuple[int, float], closed_for: float = 0.0) -> Brake:
    brake = Brake()
    brake.follow([(BURST, PACE), *windows])
    brake.throttled(NOW, NOW, closed_for)
    return brake


def drained(brake: Brake, cost: int = 1, *, seconds: float, now: float = NOW) -> list[float]:
    """Use so many again and again, as soon as it lets them."""
    used, until = [], now + seconds
    while (now := now + brake.shut_for(now, cost)) <= until:
        brake.take(now, cost)
        used.append(now)
    return used


def test_nothing_is_held_back_before_a_429() -> None:
    """Whatever was used: that is the ceiling's and the pace's."""
    brake = Brake()
    brake.follow([(BURST, PACE)])
    brake.take(NOW, 1_000)
    assert brake.factor(NOW) == 1.0
    assert brake.shut_for(NOW, 1) == 0.0
    assert brake.room(NOW, 1.0) == sys.maxsize


def test_after_a_429_the_pace_is_less() -> None:
    """The burst at once, then seven tenths of the pace, which comes back by a hundredth a second."""
    used = drained(braked(), seconds=2.0)
    assert used[:BURST] == [NOW] * BURST
    assert used[BURST] - NOW == pytest.approx(1 / (CUT * PACE), rel=0.01)
    assert len(used) == BURST + int(PACE * (CUT * 2 + RECOVERY * 2))


def test_each_window_is_less_too() -> None:
    """Six tokens and one a second: the six leave at the pace, and after that as the window is refilled."""
    used = drained(braked((6, 1.0)), seconds=10.0)
    assert len(used) == 6 + int(Adaptive(CUT, NOW).passed(NOW, NOW + 10.0))


def test_once_it_has_recovered_nothing_is_held_back() -> None:
    """Half a minute after one cut; after a cooldown, half a minute after that."""
    for closed_for in (0.0, 100.0):
        brake, recovered = braked((1, 0.001), closed_for=closed_for), NOW + closed_for + (1 - CUT) / RECOVERY
        brake.take(NOW, 1)
        assert brake.shut_for(NOW, 1) == pytest.approx(recovered - NOW)
        assert brake.shut_for(recovered - 1, 1) == pytest.approx(1)
        assert brake.shut_for(recovered + 1e-6, 1) == 0.0


def test_a_large_call_leaves_when_all_is_there_and_is_waited_for_afterwards() -> None:
    """Seven tokens of a burst of two: the next call waits for the five that were not there, and for its own."""
    brake = braked()
    assert brake.shut_for(NOW, 7) == 0.0
    brake.take(NOW, 7)
    assert brake.shut_for(NOW, 1) == pytest.approx(6 / (CUT * PACE), rel=0.01)
    assert brake.shut_for(NOW, 7) == pytest.approx(7 / (CUT * PACE), rel=0.01)


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 3)), max_size=20), st.floats(0, 5))
def test_the_room_is_what_can_be_used(calls: list[tuple[float, int]], look_ahead: float) -> None:
    """Within the look-ahead, to within one where the last of it comes just then."""
    brake, now = braked((12, 4.0)), NOW
    for pause, cost in calls:
        now += pause + brake.shut_for(now, cost)
        brake.take(now, cost)
    room = brake.room(now, look_ahead)
    assert abs(len(drained(brake, seconds=look_ahead, now=now)) - room) <= 1


def test_it_is_idle_once_it_has_recovered_and_is_full() -> None:
    """One that was made anew would be the same."""
    brake = braked((6, 1.0))
    brake.take(NOW + 29, 6)
    assert not brake.is_idle(NOW + 29)
    assert brake.factor(NOW + 31) == 1.0
    assert not brake.is_idle(NOW + 31)
    assert brake.is_idle(NOW + 36)
