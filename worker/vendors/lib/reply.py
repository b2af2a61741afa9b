"""A vendor's reply as a value, and what it means where the vendor has no rules of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property

from worker.model.message import NOTHING
from worker.model.outcome import Ambiguous, Blocked, Delivered, Outcome, Rejected, RetryAfter, Throttled

LONGEST_WAIT = timedelta(hours=12)  # what SQS's visibility timeout allows
_SECONDS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)  # no slots: `json` is parsed once and kept
class Reply:
    """What came back: `headers` are case-insensitive, `body` ends at 1 MiB."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    truncated: bool = False  # there was more than 1 MiB
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> object:
        """The body as JSON; None where it is none (HTML of a proxy, cut off): match on it, it never raises."""
        try:
            return None if self.truncated else json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def outcome_of(reply: Reply, *, idempotent: bool) -> Outcome:
    """Classify by the status alone (vendors.md, B4 and B5).

    A 502 or 504 without a JSON body comes from something before the vendor: the vendor may have acted.
    """
    match reply.status:
        case status if 200 <= status < 300:
            return Delivered()
        case 429:
            return Throttled(retry_after(reply))
        case 401 | 403 as status:
            return Blocked(f"HTTP {status}")
        case 502 | 504 as status if not idempotent and reply.json is None:
            return Ambiguous(f"HTTP {status} from a gateway")
        case 408 | 423 | 425 as status:
            return retried(reply)
        case status if status >= 500 and status != 501:
            return retried(reply)
        case _:
            return rejected(reply)


def rejected(reply: Reply, code: str | None = None) -> Rejected:
    """Never again. `code`: the vendor's own, else `http_404`."""
    return Rejected(f"HTTP {reply.status}", code or f"http_{reply.status}")


def retried(reply: Reply) -> RetryAfter:
    """Again after what `Retry-After` says, else by backoff."""
    return RetryAfter(retry_after(reply), f"HTTP {reply.status}")


def retry_after(reply: Reply) -> timedelta | None:
    """What `Retry-After` asks for: 0 … 12 h; None where it is absent or makes no sense.

    Seconds, or an HTTP-date (RFC 9110, 10.2.3) that is taken relative to the reply's own `Date`, else to our clock.
    """
    text = reply.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=min(float(text), LONGEST_WAIT.total_seconds()))
    until = _date(text)
    if until is None:
        return None
    since = _date(reply.headers.get("Date", "")) or reply.received_at
    return max(NOTHING, min(until - since, LONGEST_WAIT))


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
