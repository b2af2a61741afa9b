"""Who may reserve, and who may send a safe share: never both."""

from __future__ import annotations

import math

import pytest

from worker.model.pacing import GIVEN_UP, IN_TOUCH, PATIENCE, PROOF, pacing
from worker.model.rate import parse_rate
from worker.pipeline.contact import Contact, Touch

PACING = pacing(parse_rate("80/s"), guard=0.02, max_tasks=8)
NOW = 1_000.0
RESTED = NOW + PACING.rest + 0.01


@pytest.fixture
def contact() -> Contact:
    return Contact()


@pytest.fixture
def touch(contact: Contact) -> Touch:
    return Touch(contact, PACING)


def talk(touch: Touch, since: float, until: float) -> None:
    """A good call each second."""
    while since <= until:
        touch.heard(since, since, reserving=False)
        since += 1.0


def fail(touch: Touch, since: float, until: float, *, reserving: bool = True) -> None:
    """A failed call each second."""
    while since <= until:
        touch.failed(since, reserving=reserving)
        since += 1.0


def test_who_starts_rests_first(touch: Touch) -> None:
    """Others may send their safe share."""
    assert not touch.may_reserve(NOW)
    assert touch.rests_for(NOW) == math.inf
    talk(touch, NOW, RESTED)
    assert not touch.may_reserve(NOW + PACING.rest - 0.1)
    assert touch.may_reserve(RESTED)


def test_who_sees_that_others_reserve_need_not(touch: Touch) -> None:
    """They have waited."""
    touch.heard(NOW, NOW, reserving=False)
    touch.excuse()
    assert touch.may_reserve(NOW)


def test_an_excuse_holds_for_one_time(touch: Touch) -> None:
    """Who loses touch again rests again."""
    touch.heard(NOW, NOW, reserving=False)
    touch.excuse()
    later = NOW + IN_TOUCH + 1
    touch.heard(later, later, reserving=False)
    assert not touch.may_reserve(later)


def test_who_has_not_heard_lately_is_out_of_touch(touch: Touch) -> None:
    """Counted from when the call began: what it shows is no younger."""
    talk(touch, NOW, RESTED)
    last = NOW + 2
    assert touch.may_reserve(last + IN_TOUCH)
    assert not touch.may_reserve(last + IN_TOUCH + 0.01)
    touch.heard(last + 1, last + IN_TOUCH + 1, reserving=True)  # an answer that came late
    assert not touch.may_reserve(last + IN_TOUCH + 1)


def test_calls_come_in_time_to_stay_in_touch(touch: Touch) -> None:
    """One that takes as long as it may is in time."""
    talk(touch, NOW, NOW)
    assert touch.call_in(NOW) == IN_TOUCH - PATIENCE


def test_one_failure_is_nothing(touch: Touch) -> None:
    """Nor are two in a second."""
    talk(touch, NOW, RESTED)
    fail(touch, RESTED, RESTED)
    fail(touch, RESTED + 0.5, RESTED + 0.5)
    assert touch.may_reserve(RESTED + 0.75)
    touch.heard(RESTED + 1, RESTED + 1, reserving=True)
    assert touch.may_reserve(RESTED + 1)
    assert touch.failing_since is None


def test_a_table_that_stays_away_is_proved_to_be_away(touch: Touch) -> None:
    """After a while, and only as long as calls fail; the first good one ends it."""
    talk(touch, NOW, RESTED)
    fail(touch, RESTED, RESTED + GIVEN_UP)
    assert not touch.proves_away(RESTED + GIVEN_UP - 0.1)
    assert touch.proves_away(RESTED + GIVEN_UP)
    last = RESTED + math.floor(GIVEN_UP)
    assert touch.proves_away(last + PROOF)
    assert not touch.proves_away(last + PROOF + 0.01)
    touch.heard(last + 1, last + 1.1, reserving=False)
    assert not touch.proves_away(last + 1.1)
    assert not touch.may_reserve(last + 1.1)
    assert touch.rests_for(last + 1.1) == pytest.approx(PACING.rest)


def test_where_only_reserving_fails_reading_proves_nothing(touch: Touch) -> None:
    """And once reserving goes well, it rests as all do."""
    talk(touch, NOW, RESTED)
    for second in range(12):
        fail(touch, RESTED + second, RESTED + second)
        touch.heard(RESTED + second + 0.5, RESTED + second + 0.5, reserving=False)
    end = RESTED + 11.5
    assert touch.proves_away(end)
    touch.heard(end, end, reserving=True)
    assert not touch.proves_away(end)
    assert not touch.may_reserve(end)
    assert touch.is_live(end)


def test_limits_of_a_process_stay_in_touch_together(contact: Contact) -> None:
    """One that is idle need not call; what was lost is lost for all."""
    busy, idle = Touch(contact, PACING), Touch(contact, PACING)
    talk(busy, NOW, RESTED)
    assert idle.may_reserve(RESTED)
    assert idle.call_in(RESTED) > 0
    again = RESTED + IN_TOUCH + 1
    busy.heard(again, again, reserving=True)
    assert not idle.may_reserve(again)


def test_who_has_lost_its_clock_rests_without_excuse(touch: Touch) -> None:
    """What others reserve says nothing about its own time."""
    talk(touch, NOW, RESTED)
    touch.broken(RESTED)
    touch.excuse()
    assert not touch.may_reserve(RESTED + 0.1)
    talk(touch, RESTED, RESTED + PACING.rest + 1)
    assert touch.may_reserve(RESTED + PACING.rest + 0.01)
