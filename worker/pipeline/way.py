"""What one request has to pass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """A request's way through the gate; empty: that of any request."""

    keys: frozenset[str] = frozenset()  # scopes that may be closed: its recipient, channel, shop, token
    scopes: frozenset[str] = frozenset()  # what `rate_per_key` counts
    limit: str | None = None  # which of the limits, where `limit_key` names payload fields
    cost: int = 1  # tokens of the limit
    again: bool = False  # it was received before: where it was put off for a key, its turn has come


ANY = Way()
