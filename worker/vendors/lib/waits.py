"""How long a vendor asks us to wait, in the forms that vendors have for it: each is 0 … 12 h, or None for no word."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from worker.model.message import NOTHING
from worker.vendors.lib.reply import Reply

LONGEST_WAIT = timedelta(hours=12)  # what SQS's visibility timeout allows

_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_RESET = re.compile("reset.*", re.IGNORECASE)
_RESETS = ("X-RateLimit-Reset", "X-Rate-Limit-Reset", "RateLimit-Reset")
_EPOCH, _EPOCH_MS, _NO_TIME = (
    1e9,
    1e11,
    1e14,
)  # from the first on (2001) seconds since 1970, from the second milliseconds


def wait_of(reply: Reply) -> timedelta | None:
    """What a throttled reply asks for: its `Retry-After`, else when the window that it names is over."""
    return retry_after(reply) or reset_after(reply)


def retry_after(reply: Reply) -> timedelta | None:
    """What `Retry-After` asks for; None where it is absent or makes no sense.

    Seconds, or an HTTP-date (RFC 9110, 10.2.3), which is counted from the reply's own `Date`.
    """
    text = reply.headers.get("Retry-After", "").strip()
    return seconds(float(text)) if _NUMBER.fullmatch(text) else _until(text, reply)


def reset_after(reply: Reply, name: str | None = None) -> timedelta | None:
    """When the window of a header like `X-RateLimit-Reset` is over; `name`: the vendor's own, else the usual ones.

    Its unit is told by its size: seconds from now (Segment; draft-ietf-httpapi-ratelimit-headers), seconds since 1970
    (GitHub, Okta) or milliseconds since 1970 (LaunchDarkly); or it is a date. None where `…-Remaining` beside it says
    that this window is not used up, so that it is not why the vendor throttles (GitHub's rule).
    """
    for header in (name,) if name else _RESETS:
        text = reply.headers.get(header, "").strip()
        if text and not _has_some_left(header, reply):
            return _from_now(float(text), reply) if _NUMBER.fullmatch(text) else _until(text, reply)
    return None


def seconds(value: object) -> timedelta | None:
    """A number of seconds that a vendor wrote; None for what is none: text, below 0, NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return timedelta(seconds=min(value, LONGEST_WAIT.total_seconds()))


def minutes(value: object) -> timedelta | None:
    """A number of minutes that a vendor wrote; as `seconds`."""
    wait = seconds(value)
    return None if wait is None else min(60 * wait, LONGEST_WAIT)


def _has_some_left(header: str, reply: Reply) -> bool:
    remaining = reply.headers.get(_RESET.sub("Remaining", header), "").strip()
    return bool(_RESET.search(header) and _NUMBER.fullmatch(remaining)) and float(remaining) > 0


def _from_now(number: float, reply: Reply) -> timedelta | None:
    if number < _EPOCH:
        return seconds(number)
    if number >= _NO_TIME:
        return None
    since_1970 = number if number < _EPOCH_MS else number / 1000
    return seconds(max(0.0, since_1970 - _now(reply).timestamp()))


def _until(text: str, reply: Reply) -> timedelta | None:
    moment = _moment(text)
    return None if moment is None else max(NOTHING, min(moment - _now(reply), LONGEST_WAIT))


def _now(reply: Reply) -> datetime:
    """The vendor's time of day, which may differ from ours; without a `Date` it is ours."""
    return _moment(reply.headers.get("Date", "")) or reply.received_at


def _moment(text: str) -> datetime | None:
    """An HTTP-date, or one of RFC 3339."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return None
