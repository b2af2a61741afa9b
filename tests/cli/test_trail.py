from __future__ import annotations

import pytest

from worker.cli.trail import trail_of, write_crash
from worker.model.errors import ConfigurationError

TEXT = "a body and a " + "secret"  # in two, for a traceback shows lines of source


def raised(error: BaseException) -> BaseException:
    """The error, with its way."""
    try:
        raise error  # noqa: TRY301 - it is to be looked at
    except BaseException as caught:  # noqa: BLE001
        return caught


def test_an_error_is_told_by_its_way_and_its_class() -> None:
    """The text of others may quote a body: it is left out."""
    trail = trail_of(raised(ValueError(TEXT)))
    assert trail.startswith("Traceback (most recent call last):\n")
    assert ", in raised\n" in trail
    assert trail.endswith("\nValueError\n")
    assert TEXT not in trail


def test_our_own_text_is_told() -> None:
    """It says what to do."""
    assert trail_of(raised(ConfigurationError("set AWS_REGION"))).endswith("\nConfigurationError: set AWS_REGION\n")


def test_causes_come_first() -> None:
    """Those that were named, and those that were being handled; not those that were cut off."""
    named = raised(RuntimeError(TEXT))
    named.__cause__ = raised(KeyError(TEXT))
    try:
        raise named
    except RuntimeError:
        handled = raised(TypeError(TEXT))
    for error in (named, handled):
        assert trail_of(error).index("\nKeyError\n") < trail_of(error).index("\nRuntimeError\n")
    assert trail_of(handled).count("which led to:") == 2
    cut = raised(TypeError(TEXT))
    cut.__context__, cut.__suppress_context__ = named, True
    assert "RuntimeError" not in trail_of(cut)


def test_all_errors_of_a_group_are_told() -> None:
    """Each with its own trail, groups in groups too, and the group's text with none."""
    inner = BaseExceptionGroup(TEXT, [raised(KeyError(TEXT)), raised(SystemExit(TEXT))])
    trail = trail_of(raised(BaseExceptionGroup(TEXT, [inner, raised(OSError(TEXT))])))
    for name in ("KeyError", "SystemExit", "OSError"):
        assert trail.count(f"\n{name}\n") == 1
    assert trail.count("which holds:") == 4
    assert TEXT not in trail


def test_a_chain_that_bites_its_tail_ends() -> None:
    """Were the hook to fail, Python would write the text after all."""
    one, other = raised(KeyError(TEXT)), raised(OSError(TEXT))
    one.__cause__, other.__cause__ = other, one
    assert trail_of(one).count("Traceback") == 2


def test_a_crash_is_written_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """As `sys.excepthook`."""
    error = raised(ValueError(TEXT))
    write_crash(type(error), error, error.__traceback__)
    assert capsys.readouterr().err == trail_of(error)
