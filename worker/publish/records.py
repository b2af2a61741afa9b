"""JSON lines, each a message to publish: `{"body": …, "attributes": {…}, "key": …, "tenant": …, "topic": …}`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

from worker.model.errors import ConfigurationError
from worker.publish.entry import Entry
from worker.publish.faults import InvalidEntryError
from worker.publish.flight import Progress
from worker.publish.publisher import Publisher
from worker.publish.reading import lines_of

_KEYS = ("body", "attributes", "key", "tenant", "topic")
_TEXTS = ("key", "tenant", "topic")


async def publish_file(
    publisher: Publisher, path: Path, on_progress: Callable[[int, int | None], None] | None = None
) -> int:
    """Publish a file's lines; returns how many. `on_progress` is told how many are confirmed, and of how many.

    The whole file is read and checked first: where a line is wrong, nothing of it is published. A pipe, which cannot
    be read twice, goes as by `publish_lines`, and its total is None. Raises InvalidEntryError that names file and
    line, and else as `Publisher.publish_all` does.
    """
    with _opened(path) as lines:
        if not lines.seekable():  # a pipe
            return await publish_lines(publisher, lines_of(lines), source=str(path), on_progress=_told(on_progress))
        total = sum(1 for _ in _checked(publisher, lines, str(path)))
    with _opened(path) as lines:
        return await publisher.publish_all(_checked(publisher, lines, str(path)), _told(on_progress, total))


async def publish_lines(
    publisher: Publisher,
    lines: Iterable[str] | AsyncIterable[str],
    *,
    source: str = "stdin",
    on_progress: Progress | None = None,
) -> int:
    """Publish lines as they come; returns how many. For what cannot be read twice: a pipe, standard input.

    A wrong line ends it: InvalidEntryError names `source` and line and says how many before it were published. They
    all were, so what is left starts with that line.
    """
    return await publisher.publish_all(_as_they_come(publisher, lines, source), on_progress)


def read_line(line: str, place: str) -> Entry:
    """Read one line; `place` (file:line) stands in the InvalidEntryError."""
    fields = _fields(line, place)
    for key in fields:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1, 0.5)
            raise InvalidEntryError(
                f"{place}: unknown key {key!r}: "
                + (f"did you mean {near[0]!r}?" if near else f"a line has {', '.join(_KEYS)}")
            )
    if "body" not in fields:
        raise InvalidEntryError(f"{place}: the key 'body' is missing")
    for key in _TEXTS:
        if not isinstance(fields.get(key), str | None):
            raise InvalidEntryError(f"{place}: {key!r} is not a text")
    if not isinstance(fields.get("attributes") or {}, dict):
        raise InvalidEntryError(f"{place}: 'attributes' is not an object")
    return Entry(**{key: value for key, value in fields.items() if value is not None or key == "body"})


def _fields(line: str, place: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidEntryError(f"{place}: not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidEntryError(f"{place}: not an object: write " + '{"body": …} on a line')
    return fields


def _told(on_progress: Callable[[int, int | None], None] | None, total: int | None = None) -> Progress | None:
    return None if on_progress is None else lambda confirmed: on_progress(confirmed, total)


def _checked(publisher: Publisher, lines: Iterable[str], source: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _valid(publisher, line, f"{source}:{number}")


async def _as_they_come(
    publisher: Publisher, lines: Iterable[str] | AsyncIterable[str], source: str
) -> AsyncIterator[Entry]:
    number = read = 0
    async for line in _each(lines):
        number += 1
        if not line.strip():
            continue
        try:
            entry = _valid(publisher, line, f"{source}:{number}")
        except InvalidEntryError as error:
            raise InvalidEntryError(f"{error}; the {read} before it were published, it and the rest not") from error
        read += 1
        yield entry


def _valid(publisher: Publisher, line: str, place: str) -> Entry:
    entry = read_line(line, place)
    try:
        publisher.check(entry)
    except InvalidEntryError as error:
        raise InvalidEntryError(f"{place}: {error}") from error
    return entry


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8") as lines:
            yield lines
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: {error.reason}") from None  # the cause holds what was read


async def _each(lines: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(lines, AsyncIterable):
        async for line in lines:
            yield line
    else:
        for line in lines:
            yield line
