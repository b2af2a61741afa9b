"""What can break: one root, one class for each decision that it causes."""

from __future__ import annotations

from datetime import timedelta


class SluiceError(Exception):
    """The root of all errors that Sluice raises."""


class ConfigurationError(SluiceError):
    """Something the operator wrote is wrong: say what, where and what to write instead; exit 2."""


class RefusedError(SluiceError):
    """AWS refused and will go on refusing (credentials, permission, no such queue): exit 2 at start, else restart."""


class UnavailableError(SluiceError):
    """AWS did not answer or asked for less: try again, within the lease where there is one.

    `retry_after` is what it asked for, where it did.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotSentError(SluiceError):
    """The vendor cannot have seen the request (DNS, connect, TLS): safe to send again."""


class NotAnsweredError(SluiceError):
    """The request left and no answer came: the vendor may have acted on it."""


class BadMessageError(SluiceError):
    """A message that can never be delivered. The text names field and rule and never holds the body."""

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
