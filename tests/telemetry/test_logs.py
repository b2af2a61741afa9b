from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from worker.model.events import Event, Level, MessagesReceived, PipelineStarted, SqsCalled
from worker.telemetry.logs import configure

CANARY = "canary-7f3a"  # no number: int() quotes it in its error
Sample = Callable[..., Event]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Hung(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.name)
def test_event_logs_its_fields_and_no_others(kind: type[Event], sample: Sample) -> None:
    """Each event's line has its name, its level, a time and exactly its own fields; METRIC has none."""
    stream, event = io.StringIO(), sample(kind)
    configure(stream, verbosity=1).emit(event)
    if kind.level is Level.METRIC:
        assert stream.getvalue() == ""
        return
    line = json.loads(stream.getvalue())
    assert line.pop("event") == kind.name
    assert line.pop("level") == kind.level.name.lower()
    line.pop("timestamp")
    assert line == {field.name: getattr(event, field.name) for field in fields(kind)}


def test_metric_is_never_logged(sample: Sample) -> None:
    """What is only counted is not logged, however verbose."""
    stream = io.StringIO()
    configure(stream, verbosity=9).emit(sample(SqsCalled))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("verbosity", "shown"), [(-1, False), (0, True), (1, True)])
def test_verbosity_decides_on_info(verbosity: int, shown: bool, sample: Sample) -> None:
    """INFO is shown unless asked to be quiet."""
    stream = io.StringIO()
    configure(stream, verbosity=verbosity).emit(sample(PipelineStarted))
    assert bool(stream.getvalue()) is shown


@pytest.mark.parametrize(("verbosity", "shown"), [(0, False), (1, True)])
def test_debug_is_shown_on_demand(verbosity: int, shown: bool, sample: Sample) -> None:
    """DEBUG needs a -v."""
    stream = io.StringIO()
    configure(stream, verbosity=verbosity).emit(sample(MessagesReceived))
    assert bool(stream.getvalue()) is shown


def test_time_is_iso_utc(sample: Sample) -> None:
    """The timestamp is ISO 8601 in UTC."""
    stream = io.StringIO()
    configure(stream).emit(sample(PipelineStarted))
    time = datetime.fromisoformat(json.loads(stream.getvalue())["timestamp"])
    assert time.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)


def test_terminal_is_coloured(sample: Sample) -> None:
    """A person gets colour, not JSON."""
    stream = Terminal()
    configure(stream).emit(sample(PipelineStarted))
    assert "\x1b[" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_json_can_be_forced(sample: Sample) -> None:
    """`json=True` writes JSON to a terminal too."""
    stream = Terminal()
    configure(stream, json=True).emit(sample(PipelineStarted))
    assert json.loads(stream.getvalue())["event"] == "pipeline.started"


def test_plain_can_be_forced(sample: Sample) -> None:
    """`json=False` on a file is readable and holds no escapes."""
    stream = io.StringIO()
    configure(stream, json=False).emit(sample(PipelineStarted))
    assert "pipeline.started" in stream.getvalue()
    assert "\x1b[" not in stream.getvalue()


def test_library_text_is_not_logged() -> None:
    """A library's warning is told by logger, place and error class; its text, arguments and traceback are not."""
    stream = io.StringIO()
    configure(stream)
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("botocore.endpoint").exception(f"canary: {CANARY} %s", CANARY, extra={"body": CANARY})  # noqa: G004 (libraries do that)
    line = json.loads(stream.getvalue())
    assert CANARY not in stream.getvalue()
    assert {key: line[key] for key in ("event", "level", "logger", "error")} == {
        "event": "library.logged",
        "level": "error",
        "logger": "botocore.endpoint",
        "error": "ValueError",
    }
    assert line["place"].startswith("test_logs.test_library_text_is_not_logged:")


def test_library_chatter_is_not_logged() -> None:
    """Libraries are heard from WARNING up, even with -v."""
    stream = io.StringIO()
    configure(stream, verbosity=2)
    logging.getLogger("botocore.endpoint").info("sending")
    assert stream.getvalue() == ""


def test_line_is_one_line(settled: Sample) -> None:
    """A line break or a lone surrogate in a field neither splits the line nor breaks it."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    configure(stream).emit(settled("Rejected", "Bury", code="a\nb\ud800"))
    stream.flush()
    [line] = stream.buffer.getvalue().splitlines()
    assert json.loads(line)["code"] == "a\nb\ud800"


@pytest.mark.parametrize("json", [True, False])
def test_emit_never_raises(json: bool, settled: Sample, sample: Sample) -> None:
    """Nobody reading the log, or text that it cannot encode, does not stop the work."""
    configure(Hung(), json=json).emit(sample(PipelineStarted))
    logging.getLogger("botocore").warning("said to nobody")
    closed = io.StringIO()
    logs = configure(closed, json=json)
    closed.close()
    logs.emit(sample(PipelineStarted))
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    configure(ascii_only, json=json).emit(settled("Rejected", "Bury", code="\ud800é"))
