"""What a reply means where the vendor has no rules of its own."""

from __future__ import annotations

from worker.model.outcome import (
    WHOLE,
    Ambiguous,
    Blocked,
    Delivered,
    Outcome,
    Rejected,
    RetryAfter,
    Scope,
    Throttled,
)
from worker.vendors.lib.reply import Reply
from worker.vendors.lib.waits import retry_after, wait_of


def outcome_of(reply: Reply, *, idempotent: bool) -> Outcome:
    """Classify by the status alone (vendors.md, B4 and B5).

    A 502 or 504 without a JSON body comes from something before the vendor: the vendor may have acted.
    """
    match reply.status:
        case status if 200 <= status < 300:
            return Delivered()
        case 429:
            return throttled(reply)
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


def throttled(reply: Reply, scope: Scope = WHOLE) -> Throttled:
    """The vendor wants less of this scope; again after what `Retry-After` or a reset header says."""
    return Throttled(wait_of(reply), scope)
