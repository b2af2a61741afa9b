from __future__ import annotations

from worker.model.events import Event, PipelineStarted
from worker.telemetry.fanout import Fanout


class Recorder:
    def __init__(self, name: str, heard: list[tuple[str, Event]]) -> None:
        self.name, self.heard = name, heard

    def emit(self, event: Event) -> None:
        self.heard.append((self.name, event))


def test_each_listener_hears_each_event_in_order() -> None:
    """Every event reaches every listener once, in the order in which they were given."""
    heard = []
    event = PipelineStarted("foo")
    Fanout(Recorder("first", heard), Recorder("second", heard)).emit(event)
    assert heard == [("first", event), ("second", event)]
