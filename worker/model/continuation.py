"""What a message inherits from the one that it replaces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a long job goes on, the failed attempts so far, and the time before which it must not."""

    cursor: str | None = None
    failures: int = 0
    due: datetime | None = None

    def dump(self) -> str:
        """The value of `sluice-continuation`."""
        due = None if self.due is None else self.due.timestamp()
        return json.dumps({"cursor": self.cursor, "failures": self.failures, "due": due})


def load_continuation(text: str) -> Continuation:
    """Read the value of `sluice-continuation`; raises ValueError for what `dump` never wrote."""
    match json.loads(text):
        case {"cursor": str() | None as cursor, "failures": int(failures), "due": None}:
            return Continuation(cursor, failures)
        case {"cursor": str() | None as cursor, "failures": int(failures), "due": float() | int() as due}:
            return Continuation(cursor, failures, _instant(due))
        case _:
            raise ValueError("not a continuation")


def _instant(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("not an instant") from error


def without_failures(text: str) -> str:
    """The same `sluice-continuation` with its failed attempts forgotten; what is not ours stays as it is."""
    try:
        found = load_continuation(text)
    except (ValueError, RecursionError):
        return text
    return Continuation(found.cursor, due=found.due).dump()
