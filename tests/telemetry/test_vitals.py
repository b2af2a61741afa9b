from __future__ import annotations

import pytest

from tests.fakes.manual_clock import ManualClock
from worker.model.events import PipelineCrashed, PipelineStarted, WorkerStopping
from worker.telemetry.vitals import Vitals


@pytest.fixture
def vitals(clock: ManualClock) -> Vitals:
    return Vitals(["foo", "bar"], clock)


def start(vitals: Vitals) -> None:
    for vendor in ("foo", "bar"):
        vitals.emit(PipelineStarted(vendor))


def crash(vitals: Vitals, crashes: int, restart_seconds: float = 0.0) -> None:
    vitals.emit(PipelineCrashed("foo", "ValueError", crashes=crashes, restart_seconds=restart_seconds))


def test_turning_loops_live(vitals: Vitals, clock: ManualClock) -> None:
    """A loop that turns within each minute lives, for as long as it does."""
    start(vitals)
    for _ in range(10):
        clock.seconds += 60
        assert not vitals.failing()
        vitals.beat("foo")
        vitals.beat("bar")


def test_hung_loop_fails_by_name(vitals: Vitals, clock: ManualClock) -> None:
    """After a minute without a turn the vendor is named, with how long; the others are not."""
    start(vitals)
    clock.seconds += 61
    vitals.beat("bar")
    assert vitals.failing() == {"foo": "the receive loop has not turned for 61 s"}


def test_loop_that_turns_again_lives(vitals: Vitals, clock: ManualClock) -> None:
    """A late turn ends the failure."""
    clock.seconds += 61
    vitals.beat("foo")
    vitals.beat("bar")
    assert not vitals.failing()


def test_pipeline_that_never_starts_fails(vitals: Vitals, clock: ManualClock) -> None:
    """A minute from the beginning is time enough for the first turn."""
    clock.seconds += 61
    assert set(vitals.failing()) == {"foo", "bar"}


@pytest.mark.parametrize(("crashes", "failing"), [(4, {}), (5, {"foo": "crashed 5 times in a row"})])
def test_five_crashes_fail(vitals: Vitals, crashes: int, failing: dict[str, str]) -> None:
    """Four crashes in a row are borne, the fifth is not."""
    start(vitals)
    crash(vitals, crashes)
    assert vitals.failing() == failing


def test_start_that_does_not_last_is_no_recovery(vitals: Vitals, clock: ManualClock) -> None:
    """After five crashes a start alone is not believed; one that lasts a minute is."""
    crash(vitals, 5)
    start(vitals)
    clock.seconds += 59
    vitals.beat("foo")
    assert "foo" in vitals.failing()
    clock.seconds += 1
    assert not vitals.failing()


def test_wait_for_a_restart_is_no_hang(vitals: Vitals, clock: ManualClock) -> None:
    """A crashed pipeline cannot turn before it is started again: the minute counts from then."""
    crash(vitals, 1, restart_seconds=90)
    clock.seconds += 149
    vitals.beat("bar")
    assert not vitals.failing()
    clock.seconds += 2
    assert set(vitals.failing()) == {"foo"}


def test_draining_is_no_hang(vitals: Vitals, clock: ManualClock) -> None:
    """While stopping no loop turns, and nothing is wrong."""
    start(vitals)
    vitals.emit(WorkerStopping("SIGTERM", 100))
    clock.seconds += 100
    assert not vitals.failing()


def test_ready_when_all_receive(vitals: Vitals) -> None:
    """Each vendor is unready until its pipeline has started."""
    assert vitals.unready() == ["foo", "bar"]
    vitals.emit(PipelineStarted("foo"))
    assert vitals.unready() == ["bar"]
    vitals.emit(PipelineStarted("bar"))
    assert vitals.unready() == []


def test_not_ready_after_a_crash(vitals: Vitals) -> None:
    """A crashed pipeline receives again only after its next start."""
    start(vitals)
    crash(vitals, 1)
    assert vitals.unready() == ["foo"]
    start(vitals)
    assert vitals.unready() == []


def test_not_ready_while_stopping(vitals: Vitals) -> None:
    """From the stop on no vendor is ready."""
    start(vitals)
    vitals.emit(WorkerStopping("SIGTERM", 20))
    assert vitals.unready() == ["foo", "bar"]
