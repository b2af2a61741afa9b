"""One event, many listeners."""

from __future__ import annotations

from worker.model.events import Event
from worker.ports import Telemetry


class Fanout:
    """Tells each listener of each event, in their order."""

    def __init__(self, *listeners: Telemetry) -> None:
        self._listeners = listeners

    def emit(self, event: Event) -> None:
        """Pass an event on."""
        for listener in self._listeners:
            listener.emit(event)
