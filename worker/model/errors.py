"""What can break: one root, one class for each decision that it causes."""

from __future__ import annotations


class SluiceError(Exception):
    """The root of all errors that Sluice raises."""


class ConfigurationError(SluiceError):
    """Something the operator wrote is wrong: say what, where and what to write instead; exit 2."""


class AwsError(SluiceError):
    """An AWS call failed. `code`: AWS's own, or the class of the transport's error; it holds no secret."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).__name__


class RefusedError(AwsError):
    """AWS refused and will go on refusing (credentials, permission, no such queue): exit 2 at start, else restart."""


class UnavailableError(AwsError):
    """AWS did not answer or asked for less: try again, within the lease where there is one."""


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


class OverdueError(SluiceError):
    """The stop took longer than grace and flush: what is still held comes back when its visibility ends; exit 1."""
