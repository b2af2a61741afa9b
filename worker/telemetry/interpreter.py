"""What the interpreter itself would write to stderr, text and all: warnings, and errors that nobody can catch."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from typing import TextIO


def overhear() -> None:
    """Have it logged, as what libraries say: `Foreign` leaves its text out, which may quote a body or a secret."""
    warnings.showwarning = _warned
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable


def _warned(  # noqa: PLR0917 - Python's signature
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    _log("py.warnings", logging.WARNING, category, traceback.FrameSummary(filename, lineno, "?", lookup_line=False))


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_type is not SystemExit:  # which ends a thread quietly
        _log("py.threads", logging.ERROR, failure.exc_type, *traceback.extract_tb(failure.exc_traceback))


def _unraisable(failure: sys.UnraisableHookArgs) -> None:
    """An error in a finalizer, a callback from C or a generator that is closed."""
    _log("py.unraisable", logging.ERROR, failure.exc_type, *traceback.extract_tb(failure.exc_traceback))


def _log(name: str, level: int, error: type[BaseException], *frames: traceback.FrameSummary) -> None:
    at = frames[-1] if frames else traceback.FrameSummary("?", 0, "?", lookup_line=False)
    record = logging.LogRecord(name, level, at.filename, at.lineno or 0, "", None, (error, None, None), at.name)  # type: ignore[arg-type]
    logging.getLogger(name).handle(record)
