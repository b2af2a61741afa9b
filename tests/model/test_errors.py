"""One root, and what each error carries to the decision that it causes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from worker.model import errors
from worker.model.errors import BadMessageError, SluiceError, UnavailableError


@pytest.mark.parametrize(
    "name",
    ["ConfigurationError", "RefusedError", "UnavailableError", "NotSentError", "NotAnsweredError", "BadMessageError"],
)
def test_every_error_has_the_one_root(name: str) -> None:
    """So that one except clause catches what is ours and nothing else."""
    assert issubclass(getattr(errors, name), SluiceError)


def test_what_does_not_answer_may_say_when_to_ask_again() -> None:
    """Or not."""
    assert UnavailableError("busy", retry_after=timedelta(seconds=3)).retry_after == timedelta(seconds=3)
    assert UnavailableError("busy").retry_after is None


def test_a_bad_message_says_why_and_by_which_code() -> None:
    """Both go into its burial."""
    error = BadMessageError("payload.to: missing", code="payload")
    assert (error.reason, error.code, str(error)) == ("payload.to: missing", "payload", "payload.to: missing")
