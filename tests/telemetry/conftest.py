"""Events and time for the listeners' tests."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import fields

import pytest

from tests.fakes.manual_clock import ManualClock
from worker.model.events import Event, MessageSettled

_VALUES: dict[str, object] = {"str": "text", "int": 3, "float": 0.5, "str | None": "text"}


@pytest.fixture(autouse=True)
def _hooks_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `configure` changes of the interpreter is pytest's own again afterwards."""
    for owner, hook in ((warnings, "showwarning"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(owner, hook, getattr(owner, hook))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sample() -> Callable[..., Event]:
    """Make an event of a class; the fields not given are filled by their type."""

    def make(kind: type, **given: object) -> Event:
        return kind(**{field.name: _VALUES[str(field.type)] for field in fields(kind)} | given)

    return make


@pytest.fixture
def settled(sample: Callable[..., Event]) -> Callable[..., Event]:
    """Make a `message.settled` of vendor `foo` with an outcome and a disposition."""
    return lambda outcome, disposition, **given: sample(
        MessageSettled, vendor="foo", outcome=outcome, disposition=disposition, **given
    )
