from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from worker.model.outcome import Ambiguous, Blocked, Delivered, Outcome, Rejected, RetryAfter, Throttled
from worker.vendors.lib.reply import Reply, outcome_of, retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def asked(value: str, **others: str) -> timedelta | None:
    return retry_after(Reply(503, CIMultiDict({"retry-after": value, **others}), received_at=NOW))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Delivered()),
        (204, Delivered()),
        (301, Rejected("HTTP 301", "http_301")),
        (400, Rejected("HTTP 400", "http_400")),
        (401, Blocked("HTTP 401")),
        (403, Blocked("HTTP 403")),
        (404, Rejected("HTTP 404", "http_404")),
        (408, RetryAfter(None, "HTTP 408")),
        (423, RetryAfter(None, "HTTP 423")),
        (425, RetryAfter(None, "HTTP 425")),
        (429, Throttled(None)),
        (500, RetryAfter(None, "HTTP 500")),
        (501, Rejected("HTTP 501", "http_501")),
        (502, Ambiguous("HTTP 502 from a gateway")),
        (503, RetryAfter(None, "HTTP 503")),
        (504, Ambiguous("HTTP 504 from a gateway")),
        (599, RetryAfter(None, "HTTP 599")),
    ],
)
def test_status_says_what_happened(status: int, outcome: Outcome) -> None:
    """A status without more is classified as vendors.md says, B4 and B5."""
    assert outcome_of(Reply(status), idempotent=False) == outcome


@pytest.mark.parametrize("status", [502, 504])
def test_gateway_error_is_retried_where_that_is_safe(status: int) -> None:
    """A 502 or 504 is no risk where the vendor takes a message twice, or where the vendor itself wrote it."""
    retried = RetryAfter(None, f"HTTP {status}")
    assert outcome_of(Reply(status, body=b"<html>"), idempotent=True) == retried
    assert outcome_of(Reply(status, body=b'{"error": {}}'), idempotent=False) == retried


def test_waits_are_honoured() -> None:
    """429 closes the gate for what Retry-After says; 503 concerns this message only."""
    headers = {"Retry-After": "7"}
    assert outcome_of(Reply(429, headers), idempotent=False) == Throttled(timedelta(seconds=7))
    assert outcome_of(Reply(503, headers), idempotent=False) == RetryAfter(timedelta(seconds=7), "HTTP 503")


@given(st.integers(0, 12 * 3600))
def test_retry_after_counts_seconds(seconds: int) -> None:
    """A number is seconds, not milliseconds or minutes."""
    assert asked(str(seconds)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["43201", "67608000", "9" * 5000])
def test_retry_after_is_capped(value: str) -> None:
    """No header asks for more than 12 hours, the most that a visibility timeout holds."""
    assert asked(value) == timedelta(hours=12)


@given(st.integers(-1_000_000_000, 1_000_000_000), st.integers(-100_000, 100_000))
def test_retry_after_date_is_relative_to_the_vendors_clock(wrong_by: int, seconds: int) -> None:
    """A date is taken relative to the reply's Date, however wrong that is; the past is 0."""
    date = NOW + timedelta(seconds=wrong_by)
    until = format_datetime(date + timedelta(seconds=seconds), usegmt=True)
    expected = timedelta(seconds=max(0, min(seconds, 12 * 3600)))
    assert asked(until, Date=format_datetime(date, usegmt=True)) == expected


@pytest.mark.parametrize("others", [{}, {"Date": "yesterday"}])
def test_retry_after_date_without_date_is_relative_to_our_clock(others: dict[str, str]) -> None:
    """Where the reply has no Date, or none that makes sense, our clock is taken."""
    assert asked("Fri, 20 Nov 2026 12:01:30 GMT", **others) == timedelta(seconds=90)
    assert asked("Friday, 20-Nov-26 12:01:30 GMT", **others) == timedelta(seconds=90)
    assert asked("Fri Nov 20 12:01:30 2026", **others) == timedelta(seconds=90)


@pytest.mark.parametrize("value", ["", "-5", "soon", "1e3", "inf", "nan", "٣", "0x10", "Fri, 99 Nov 2026 12:01:30 GMT"])
def test_retry_after_that_makes_no_sense_is_absent(value: str) -> None:
    """Garbage and negative numbers say nothing."""
    assert asked(value) is None


@given(st.text(), st.text())
def test_headers_never_raise(value: str, date: str) -> None:
    """Whatever a vendor writes there, a wait is between 0 and 12 hours, or absent."""
    wait = asked(value, Date=date)
    assert wait is None or timedelta(0) <= wait <= timedelta(hours=12)


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"cut": ', b"\xff\xfe", b"[" * 100_000])
def test_body_that_is_no_json_is_none(body: bytes) -> None:
    """What a proxy or a broken vendor writes does not raise."""
    assert Reply(200, body=body).json is None


@given(st.binary())
def test_body_never_raises(body: bytes) -> None:
    """Any bytes have a text, and JSON or None."""
    reply = Reply(200, body=body)
    assert isinstance(reply.text, str)
    _ = reply.json


def test_body_that_was_too_long_is_no_json() -> None:
    """The first megabyte of a longer body is not taken for the whole."""
    assert Reply(200, body=b"1", truncated=True).json is None
    assert Reply(200, body=b"1").json == 1


def test_reply_and_its_outcome_show_no_body() -> None:
    """A reply can be logged: neither it nor a reason holds what the vendor wrote."""
    reply = Reply(400, {"x-account": "private"}, b"private")
    assert "private" not in repr(reply) + repr(outcome_of(reply, idempotent=False))
