"""Doors of keys: only those that are not open are kept, and not too many."""

from __future__ import annotations

import pytest

from worker.pipeline import doors as module
from worker.pipeline.doors import Doors


def test_a_door_that_was_opened_is_forgotten() -> None:
    """Keys that were throttled once cost nothing afterwards."""
    doors = Doors()
    door = doors.of("a")
    assert list(doors.known(["a", "b"])) == [door]
    doors.forget(door)
    assert not list(doors.known(["a"]))


def test_the_longest_unused_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever a vendor closes."""
    monkeypatch.setattr(module, "_KEPT", 2)
    doors = Doors()
    first, second = doors.of("a"), doors.of("b")
    doors.of("a")
    doors.of("c")
    assert list(doors.known(["a"])) == [first]
    assert second not in list(doors.known(["a", "b", "c"]))
