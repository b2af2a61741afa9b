"""A send time is used once, in time, by both clocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.fakes.manual_clock import ManualClock
from worker.model.reservation import Granted
from worker.pipeline.slots import Slots

LATE = 0.1


@dataclass
class Hand:
    clock: ManualClock = field(default_factory=ManualClock)
    lost: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots = Slots(self.clock, self.lost.append)

    def add(self, *, after: float, count: int = 1) -> None:
        self.slots.add(Granted(self.clock.now().timestamp() + after, count, 0.5), LATE)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def near(value: float) -> object:
    return pytest.approx(value, abs=1e-5)


def test_it_opens_when_it_has_come(hand: Hand) -> None:
    """Not before; and for a call of several when the last of them has."""
    hand.add(after=1.0, count=3)
    assert hand.slots.opens_in(1) == near(1.0)
    assert hand.slots.opens_in(3) == near(2.0)
    assert hand.slots.opens_in(4) == math.inf
    hand.clock.seconds += 1.0
    assert hand.slots.opens_in(1) == near(0.0)
    hand.slots.take(1)
    assert hand.slots.opens_in(1) == near(0.5)


def test_one_that_is_too_late_is_forfeited(hand: Hand) -> None:
    """And told; the next one is not touched."""
    hand.add(after=0.0, count=2)
    hand.clock.seconds += LATE - 0.001
    assert hand.slots.opens_in(1) <= 0
    hand.clock.seconds += 0.002
    assert hand.slots.opens_in(1) == near(0.5 - LATE - 0.001)
    assert hand.lost == [1]


@dataclass
class Jumping(ManualClock):
    ahead: float = 0.0

    def now(self) -> object:  # type: ignore[override]
        return super().now() + timedelta(seconds=self.ahead)


@pytest.mark.parametrize("jump", [-30.0, 30.0])
def test_it_is_lost_where_one_clock_says_so(jump: float) -> None:
    """A wall clock that jumps ahead sets no slot free; one that jumps back does not keep it for long."""
    clock, lost = Jumping(), list[int]()
    slots = Slots(clock, lost.append)
    slots.add(Granted(clock.now().timestamp() + 0.5, 1, 0.5), LATE)  # type: ignore[attr-defined]
    clock.ahead += jump
    assert slots.opens_in(1) > 0
    clock.seconds += 0.5 + LATE + 0.01
    assert slots.opens_in(1) == math.inf
    assert lost == [1]


def test_what_is_in_hand_is_known(hand: Hand) -> None:
    """How many, how many of them soon, and when the last one comes."""
    assert (len(hand.slots), hand.slots.last_in()) == (0, -math.inf)
    hand.add(after=1.0, count=4)
    assert len(hand.slots) == 4
    assert hand.slots.last_in() == near(2.5)
    assert hand.slots.within(1.6) == 2


def test_what_is_dropped_is_forfeited(hand: Hand) -> None:
    """Once."""
    hand.add(after=1.0, count=4)
    hand.slots.drop()
    hand.slots.drop()
    assert (len(hand.slots), hand.lost) == (0, [4])
