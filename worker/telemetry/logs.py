"""Events as log lines: JSON for machines, coloured where a person looks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from json import JSONEncoder
from typing import TextIO, get_args

import structlog
from structlog.typing import FilteringBoundLogger

from worker.model.events import Event, Level
from worker.telemetry.foreign import Foreign
from worker.telemetry.interpreter import overhear

# The allow-list: an event's fields and nothing else.
_FIELDS: Mapping[type, tuple[str, ...]] = {kind: tuple(f.name for f in fields(kind)) for kind in get_args(Event)}
_encode = JSONEncoder().encode  # json.dumps would make a new encoder for each line


def configure(stream: TextIO, *, verbosity: int = 0, json: bool | None = None) -> Logs:
    """Set logging up, once, at the edge: events, and what libraries and the interpreter warn of, go to `stream`.

    `verbosity`: 0 shows INFO and up, more shows DEBUG too, less WARNING and up. `json`: None means where `stream` is no
    terminal.
    """
    threshold = _threshold(verbosity)
    as_json = not stream.isatty() if json is None else json
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _json if as_json else structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
    ).bind()
    logging.basicConfig(handlers=[Foreign(logger)], level=logging.WARNING, force=True)
    overhear()
    return Logs(logger, threshold)


class Logs:
    """Logs each event once, at its own level."""

    def __init__(self, logger: FilteringBoundLogger, threshold: Level) -> None:
        self._logger = logger
        self._threshold = threshold

    def emit(self, event: Event) -> None:
        """Write an event's line; where nobody reads any more it is lost, and the work goes on."""
        if event.level < self._threshold:
            return
        with suppress(OSError, ValueError):  # a broken or closed stream, text that it cannot encode
            self._logger.log(event.level, event.name, **_fields_of(event))


def _fields_of(event: Event) -> dict[str, object]:
    return {name: _short(getattr(event, name)) for name in _FIELDS[type(event)]}


def _short(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value  # microseconds are enough


def _threshold(verbosity: int) -> Level:
    return Level.INFO if verbosity == 0 else Level.DEBUG if verbosity > 0 else Level.WARNING


def _json(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """When, how loud and what stand first: a person reads these lines too."""
    head = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return _encode({**head, **event})
