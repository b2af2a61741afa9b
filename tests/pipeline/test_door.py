"""One scope's door: closed when the vendor says so, opened by a probe that came back well."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.loop import START, virtual_time
from worker.pipeline.door import Door, State

NOW = 1_000.0


def closed(seconds: float = 2.0) -> Door:
    door = Door()
    door.close(NOW, reason="throttled", after=seconds)
    return door


def test_a_new_door_is_open() -> None:
    """Everything passes and nothing is a probe."""
    door = Door()
    assert door.may_pass(NOW)
    assert not door.probe()
    assert (door.shut_for(NOW), door.closed_seconds(NOW)) == (0.0, 0.0)


def test_a_closed_door_lets_nothing_through_until_its_time_is_over() -> None:
    """Then one may pass."""
    door = closed(2.0)
    assert not door.may_pass(NOW + 1.9)
    assert door.shut_for(NOW + 0.5) == 1.5
    assert door.may_pass(NOW + 2)
    assert door.shut_for(NOW + 3) == 0.0


def test_after_the_probe_nothing_passes_before_its_reply() -> None:
    """However long it takes."""
    door = closed()
    assert door.probe()
    assert not door.may_pass(NOW + 1_000)


def test_a_probe_that_came_back_well_opens_it() -> None:
    """And tells for how long it was closed; that stays on the account."""
    door = closed(2.0)
    door.probe()
    assert door.open(NOW + 5) == 5.0
    assert door.state is State.OPEN
    assert door.closed_seconds(NOW + 100) == 5.0


def test_a_probe_without_an_answer_passes_the_probe_on() -> None:
    """The next request is the probe, at once."""
    door = closed()
    door.probe()
    assert door.abandon()
    assert door.may_pass(NOW + 2)
    assert door.probe()


@pytest.mark.parametrize("prepare", [Door, closed])
def test_only_a_probe_can_be_abandoned(prepare: type[Door]) -> None:
    """What is open stays open, what is closed stays closed."""
    door = prepare()
    state = door.state
    assert not door.abandon()
    assert door.state is state


def test_the_longer_wait_holds() -> None:
    """A second word of the vendor does not shorten the first."""
    door = closed(10.0)
    assert door.close(NOW + 1, reason="throttled", after=2.0) == 9.0
    assert door.close(NOW + 1, reason="throttled", after=20.0) == 20.0


def test_time_closed_counts_through_failed_probes() -> None:
    """From the first closing to now."""
    door = closed(2.0)
    door.probe()
    door.close(NOW + 3, reason="throttled", after=2.0)
    assert door.closed_seconds(NOW + 4) == 4.0


@pytest.mark.parametrize(
    ("reason", "firsts"),
    [("throttled", [1, 2, 4, 8, 16, 32, 60, 60]), ("breaker", [5, 10, 20, 40, 80, 120]), ("blocked", [60, 120, 240])],
)
def test_each_failed_probe_closes_it_for_longer(reason: str, firsts: list[float]) -> None:
    """Doubled up to the longest, less a quarter at most of jitter, where the vendor does not say how long."""
    door = Door()
    for first in firsts:
        assert 0.75 * first <= door.close(NOW, reason=reason, after=None) <= first
        door.until = NOW
        assert door.probe()


def test_replies_that_come_while_it_is_closed_do_not_escalate() -> None:
    """Ten requests in the air, ten throttles: it is one closing."""
    door = Door()
    assert max(door.close(NOW, reason="throttled", after=None) for _ in range(10)) <= 1.0


def test_once_open_the_escalation_is_forgotten() -> None:
    """The next closing is a first one."""
    door = Door()
    for _ in range(5):
        door.close(NOW, reason="throttled", after=None)
        door.probe()
    door.open(NOW)
    assert door.close(NOW, reason="throttled", after=None) <= 1.0


def test_a_vendor_may_stay_closed_for_months() -> None:
    """Thousands of failed probes, and the wait is still the longest and no overflow."""
    door = Door()
    for _ in range(5_000):
        door.close(NOW, reason="blocked", after=None)
        door.probe()
    assert door.close(NOW, reason="blocked", after=None) <= 900.0


@virtual_time
async def test_who_waits_wakes_when_its_time_is_over() -> None:
    """To the instant."""
    door = Door()
    door.close(START, reason="throttled", after=2.0)
    await door.change(START)
    assert asyncio.get_running_loop().time() == pytest.approx(START + 2)


@pytest.mark.parametrize("change", ["open", "abandon", "close"])
@virtual_time
async def test_who_waits_for_a_probe_wakes_at_its_end(change: str) -> None:
    """However it ends: no timer is set for it."""
    door = Door()
    door.close(START, reason="throttled", after=0.0)
    door.probe()
    waiting = [asyncio.create_task(door.change(START)) for _ in range(3)]
    await asyncio.sleep(500)
    assert not any(task.done() for task in waiting)
    match change:
        case "open":
            door.open(START)
        case "abandon":
            door.abandon()
        case _:
            door.close(START, reason="throttled", after=2.0)
    await asyncio.gather(*waiting)
    assert asyncio.get_running_loop().time() == START + 500
