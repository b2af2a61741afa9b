"""What is told of a settled message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.clock import EPOCH
from tests.fakes.manual_clock import ManualClock
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.continuation import Continuation
from worker.model.disposition import Bury, Decision, Delete, Disposition, Postpone, Replace
from worker.model.events import MessageSettled
from worker.model.message import Job, JobKey, Message, MessageId, ReceiptHandle
from worker.model.outcome import (
    Ambiguous,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    RetryAfter,
    Throttled,
)
from worker.pipeline.held import Held
from worker.pipeline.leases import Lease
from worker.pipeline.report import Report

MESSAGE = Message(MessageId("m-1"), ReceiptHandle("r"), '"žluť"', {}, 3, EPOCH, 1000.0)


def held_message(failures: int = 0) -> Held:
    held = Held(MESSAGE, Lease(MESSAGE, 1060.0, None), JobKey("m-1"), since=1000.0)
    held.decoded(Job(JobKey("k"), "payload"), Continuation(None, failures))
    return held


def settled(held: Held, outcome: Outcome, disposition: Disposition) -> MessageSettled:
    events = RecordedTelemetry()
    report = Report("foo", clock=ManualClock(1005.0), telemetry=events)
    report.settled(held, outcome, Decision(disposition))
    [event] = events.of(MessageSettled)
    return event


def test_a_delivery_is_told_with_the_vendors_id_and_its_times() -> None:
    """Ids, outcome, attempt, size in bytes, seconds of the request, age since the publish; nothing of the body."""
    held = held_message()
    held.learn(Delivered(), 0.25)
    assert settled(held, Delivered(vendor_id="v-9"), Delete()) == MessageSettled(
        vendor="foo",
        message_id="m-1",
        key="k",
        outcome="Delivered",
        disposition="Delete",
        code=None,
        vendor_id="v-9",
        attempt=1,
        receive_count=3,
        size=8,
        seconds=0.25,
        age_seconds=1005.0,
        delay_seconds=0.0,
    )


def test_a_burial_is_told_with_its_code() -> None:
    """The code, not the reason, which may be long."""
    event = settled(held_message(), Rejected("no such number", "131026"), Bury("no such number", "131026"))
    assert (event.outcome, event.disposition, event.code, event.vendor_id) == ("Rejected", "Bury", "131026", None)


@pytest.mark.parametrize("disposition", [Postpone(timedelta(seconds=7)), Replace("c1", timedelta(seconds=7))])
def test_what_comes_back_is_told_with_its_delay(disposition: Disposition) -> None:
    """Seconds until it may be received again."""
    assert settled(held_message(), Throttled(), disposition).delay_seconds == 7.0


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [
        (Delivered(), 2),
        (Throttled(), 2),
        (Rejected("no"), 2),
        (RetryAfter(None, "500"), 3),  # counted before it is told
        (Ambiguous("no answer"), 3),
        (Partial("[1]", None), 3),
        (Partial(None, "[1]"), 2),
    ],
)
def test_the_attempt_is_the_one_that_the_vendor_saw(outcome: Outcome, failures: int) -> None:
    """The third attempt is the third, whether it fails or not."""
    assert settled(held_message(failures), outcome, Delete()).attempt == 3


def test_a_hand_back_is_told_as_such() -> None:
    """It has no outcome: the vendor was not asked to the end."""
    events = RecordedTelemetry()
    report = Report("foo", clock=ManualClock(1000.0), telemetry=events)
    report.handed_back(held_message(failures=1), Postpone(timedelta(0)))
    [event] = events.of(MessageSettled)
    assert (event.outcome, event.disposition, event.attempt, event.code) == ("HandedBack", "Postpone", 2, None)
