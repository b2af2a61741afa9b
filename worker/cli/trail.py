"""Where an error came from and what caused it; of others' errors without their text, which may quote a body."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

from worker.model.errors import SluiceError


def trail_of(error: BaseException) -> str:
    """Its traceback, after those of its causes and before those of a group's errors; never a text but our own."""
    return "".join(_parts(error, set()))


def write_crash(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:  # noqa: ARG001
    """As `sys.excepthook`: what ends the process is told by its trail alone."""
    sys.stderr.write(trail_of(error))


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:  # a chain may come back to itself
        return
    seen.add(id(error))
    if cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        yield from _parts(cause, seen)
        yield "\nwhich led to:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    text = f": {error}" if isinstance(error, SluiceError) else ""
    yield f"{type(error).__qualname__}{text}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield "\nwhich holds:\n\n"
            yield from _parts(inner, seen)
