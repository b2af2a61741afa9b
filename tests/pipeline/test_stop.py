"""The stops."""

from __future__ import annotations

from worker.pipeline.stop import Stop


def test_nothing_stops_unasked() -> None:
    """A new stop is none."""
    stop = Stop()
    assert not stop.stopping.is_set()
    assert not stop.grace_over.is_set()


def test_asked_once_no_new_work_is_taken() -> None:
    """The grace goes on."""
    stop = Stop()
    stop.ask("SIGTERM")
    assert stop.stopping.is_set()
    assert not stop.grace_over.is_set()


def test_asked_twice_the_grace_ends() -> None:
    """The reason stays the first one."""
    stop = Stop()
    stop.ask("SIGTERM")
    stop.ask("SIGINT")
    assert stop.grace_over.is_set()
    assert stop.reason == "SIGTERM"
