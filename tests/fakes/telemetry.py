"""Telemetry that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from worker.model.events import Event

E = TypeVar("E")


@dataclass
class RecordedTelemetry:
    """Keeps every event, in order."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
