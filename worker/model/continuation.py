"""What a message inherits from the one that it replaces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

_MOST = 1_000  # deaths; a foreign number may have a thousand digits


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a long job goes on, the failed attempts so far, and the time before which it must not."""

    cursor: str | None = None
    failures: int = 0
    due: datetime | None = None
    first_sent: datetime | None = None  # the first of all the messages that it continues; None: itself
    suspect: int = 0  # 0: no; else it may kill its worker: one more than have died with it since that was thought

    def dump(self) -> str:
        """The value of `sluice-continuation`."""
        told = {"cursor": self.cursor, "failures": self.failures, "due": _seconds(self.due)}
        return json.dumps({**told, "first_sent": _seconds(self.first_sent), "suspect": self.suspect})


def load_continuation(text: str) -> Continuation:
    """Read the value of `sluice-continuation`; raises ValueError for what `dump` never wrote."""
    match json.loads(text):
        case {"cursor": str() | None as cursor, "failures": int(failures), "due": due, **more}:
            first_sent, suspect = more.get("first_sent"), more.get("suspect")
            return Continuation(cursor, failures, _instant(due), _instant(first_sent), _count(suspect))
        case _:
            raise ValueError("not a continuation")


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MOST else 0


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _instant(seconds: object) -> datetime | None:
    match seconds:
        case None:
            return None
        case int() | float():
            try:
                return datetime.fromtimestamp(seconds, UTC)
            except (OverflowError, OSError) as error:
                raise ValueError("not an instant") from error
        case _:
            raise ValueError("not an instant")


def without_failures(text: str) -> str:
    """The same `sluice-continuation` at the beginning of its life; what is not ours stays as it is."""
    try:
        found = load_continuation(text)
    except (ValueError, RecursionError):
        return text
    return Continuation(found.cursor, due=found.due).dump()
