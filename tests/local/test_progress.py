"""Totals become rows: rates over the last seconds, and how long it will take."""

from __future__ import annotations

import pytest

from worker.local.depths import Depth
from worker.local.progress import Progress, Row
from worker.model.events import GateClosed, MessageSettled, VendorThrottled
from worker.telemetry.counts import Counts


def settled(outcome: str, disposition: str) -> MessageSettled:
    return MessageSettled(
        vendor="foo",
        message_id="m",
        key="k",
        outcome=outcome,
        disposition=disposition,
        code=None,
        vendor_id=None,
        attempt=1,
        receive_count=1,
        size=2,
        seconds=0.1,
        age_seconds=1.0,
        delay_seconds=0.0,
    )


def deliver(counts: Counts, count: int) -> None:
    for _ in range(count):
        counts.emit(settled("Delivered", "Delete"))


def row(progress: Progress, now: float, counts: Counts, depth: Depth | None = None) -> Row:
    return progress.rows(now, counts, {}, {} if depth is None else {"foo": depth})[0]


def test_a_row_has_what_is_counted() -> None:
    """From the events, from what is held, and from the queue; a message that is delayed waits."""
    counts = Counts()
    deliver(counts, 2)
    counts.emit(settled("Rejected", "Bury"))
    counts.emit(settled("RetryAfter", "Postpone"))
    counts.emit(VendorThrottled("foo", "vendor"))
    counts.emit(GateClosed("foo", "vendor", "throttled", 2.0))
    (seen,) = Progress({"foo": "80/s"}).rows(0.0, counts, {"foo": 4}, {"foo": Depth(waiting=3, held=9, delayed=2)})
    assert seen == Row(
        vendor="foo",
        waiting=5,
        in_flight=4,
        delivered=2,
        rate=0.0,
        limit="80/s",
        retried=1,
        throttled=1,
        buried=1,
        closed=True,
        seconds_left=None,
    )


def test_every_vendor_has_its_row_from_the_start() -> None:
    """In the topology's order, with noughts where nothing is known yet."""
    rows = Progress({"b": "-", "a": "1/s"}).rows(0.0, Counts(), {}, {})
    assert [(each.vendor, each.delivered, each.waiting, each.in_flight) for each in rows] == [
        ("b", 0, 0, 0),
        ("a", 0, 0, 0),
    ]


def test_a_rate_is_taken_over_the_last_seconds() -> None:
    """Three of them, not from the start: a vendor that stopped delivering comes to nought."""
    counts, progress = Counts(), Progress({"foo": "-"})
    assert row(progress, 0.0, counts).rate == 0
    deliver(counts, 30)
    assert row(progress, 1.0, counts).rate == 30
    assert row(progress, 3.0, counts).rate == 10
    deliver(counts, 6)
    assert row(progress, 4.0, counts).rate == pytest.approx(2)
    assert row(progress, 9.0, counts).rate == 0


def test_what_is_left_takes_as_long_as_at_this_rate() -> None:
    """All that is in the queue counts, what is held and delayed too; without a rate it is not known."""
    counts, progress = Counts(), Progress({"foo": "-"})
    depth = Depth(waiting=10, held=5, delayed=5, dead=7)
    assert row(progress, 0.0, counts, depth).seconds_left is None
    deliver(counts, 10)
    assert row(progress, 1.0, counts, depth).seconds_left == 2
