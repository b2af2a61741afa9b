"""What can be wrong with a publication: the entry itself, or that nobody confirmed it."""

from __future__ import annotations

from collections.abc import Sequence

from worker.model.errors import ConfigurationError, UnavailableError

_SHOWN = 5


class InvalidEntryError(ConfigurationError, ValueError):
    """An entry that can never be published; nothing of it was sent. The text never holds the body."""


class UnconfirmedError(UnavailableError):
    """SNS did not confirm these entries in time: they may or may not be published.

    Publish them again under the same `keys`, and no vendor that keeps a ledger or takes an idempotency key gets
    them twice.
    """

    def __init__(self, keys: Sequence[str], reason: str) -> None:
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        super().__init__(f"not confirmed by SNS: {', '.join(keys[:_SHOWN])}{more}; {reason}")
        self.keys = tuple(keys)
        self.reason = reason
