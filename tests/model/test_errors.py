"""One root, and what each error carries to the decision that it causes."""

from __future__ import annotations

import pytest

from worker.model import errors
from worker.model.errors import BadMessageError, SluiceError, UnavailableError


@pytest.mark.parametrize(
    "name",
    [
        "AwsError",
        "OverdueError",
        "ConfigurationError",
        "RefusedError",
        "UnavailableError",
        "NotSentError",
        "NotAnsweredError",
        "BadMessageError",
    ],
)
def test_every_error_has_the_one_root(name: str) -> None:
    """So that one except clause catches what is ours and nothing else."""
    assert issubclass(getattr(errors, name), SluiceError)


def test_a_failed_aws_call_has_a_code_for_the_log() -> None:
    """AWS's own where it gave one, else the error's class."""
    assert UnavailableError("busy", code="RequestThrottled").code == "RequestThrottled"
    assert UnavailableError("no answer").code == "UnavailableError"


def test_a_bad_message_says_why_and_by_which_code() -> None:
    """Both go into its burial."""
    error = BadMessageError("payload.to: missing", code="payload")
    assert (error.reason, error.code, str(error)) == ("payload.to: missing", "payload", "payload.to: missing")
