from __future__ import annotations

from datetime import timedelta

import pytest

from worker.model.outcome import Ambiguous, Blocked, Delivered, Outcome, Rejected, RetryAfter, Scope, Throttled
from worker.vendors.lib.reply import Reply
from worker.vendors.lib.status import outcome_of, throttled


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


def test_a_reset_header_is_honoured_where_the_vendor_throttles() -> None:
    """And only there: other replies carry it too, and mean nothing by it."""
    headers = {"X-RateLimit-Reset": "7"}
    assert outcome_of(Reply(429, headers), idempotent=False) == Throttled(timedelta(seconds=7))
    assert outcome_of(Reply(503, headers), idempotent=False) == RetryAfter(None, "HTTP 503")


def test_a_throttle_may_be_about_less_than_the_whole_vendor() -> None:
    """One shop, one recipient."""
    reply = Reply(200, {"Retry-After": "3"})
    assert throttled(reply, Scope("shop-1")) == Throttled(timedelta(seconds=3), Scope("shop-1"))
