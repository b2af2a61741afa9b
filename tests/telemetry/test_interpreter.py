from __future__ import annotations

import logging
import sys
import threading
import warnings
from types import SimpleNamespace
from typing import NoReturn

import pytest

from worker.telemetry.interpreter import overhear

TEXT = "a body and a secret"


@pytest.fixture(autouse=True)
def _overheard(_hooks_as_they_were: None) -> None:
    overhear()


def told(caplog: pytest.LogCaptureFixture) -> tuple[str, int, str, str]:
    """The one record: logger, level, class of the error, and where it was; nothing of the text is in it."""
    (record,) = caplog.records
    assert TEXT not in f"{record.__dict__}"
    assert record.exc_info is not None
    assert record.exc_info[0] is not None
    return record.name, record.levelno, record.exc_info[0].__name__, f"{record.module}.{record.funcName}"


def fail() -> NoReturn:
    raise RuntimeError(TEXT)


def test_a_warning_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """By its class and its line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        overhear()
        warnings.warn(TEXT, stacklevel=1)
    assert told(caplog) == ("py.warnings", logging.WARNING, "UserWarning", "test_interpreter.?")


def test_a_threads_error_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """By the function that raised it."""
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert told(caplog) == ("py.threads", logging.ERROR, "RuntimeError", "test_interpreter.fail")


def test_a_thread_may_end_itself(caplog: pytest.LogCaptureFixture) -> None:
    """As Python has it, SystemExit is no failure there."""
    thread = threading.Thread(target=sys.exit, args=(TEXT,))
    thread.start()
    thread.join()
    assert caplog.records == []


def test_a_finalizers_error_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """And without what it finalized."""

    class Rubbish:
        def __del__(self) -> None:
            fail()

    Rubbish()
    assert told(caplog) == ("py.unraisable", logging.ERROR, "RuntimeError", "test_interpreter.fail")


def test_an_error_from_nowhere_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """One that C raised has no traceback."""
    sys.unraisablehook(SimpleNamespace(exc_type=ValueError, exc_traceback=None))  # type: ignore[arg-type]
    assert told(caplog) == ("py.unraisable", logging.ERROR, "ValueError", "?.?")
