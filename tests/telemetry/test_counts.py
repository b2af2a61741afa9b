from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from worker.model.events import Event, MessagesReceived, PipelineStarted, SqsCalled
from worker.telemetry.counts import Counts, Tally
from worker.telemetry.fate import Fate

Sample = Callable[..., Event]

FATES = [
    ("Delivered", "Delete", "delivered"),
    ("Partial", "Delete", "delivered"),
    ("Partial", "Replace", "retried"),
    ("RetryAfter", "Postpone", "retried"),
    ("Ambiguous", "Postpone", "retried"),
    ("Ambiguous", "Bury", "buried"),
    ("RetryAfter", "Bury", "buried"),
    ("Rejected", "Bury", "buried"),
    ("Throttled", "Postpone", "throttled"),
    ("Throttled", "Replace", "throttled"),
    ("Blocked", "Postpone", "blocked"),
    ("Continue", "Replace", "continued"),
    ("HandedBack", "Postpone", "handed_back"),
    ("HandedBack", "Replace", "handed_back"),
]


@pytest.mark.parametrize(("outcome", "disposition", "total"), FATES)
def test_settled_message_counts_once(outcome: str, disposition: str, total: str, settled: Sample) -> None:
    """A settled message adds one to the one total that says what became of it."""
    counts = Counts()
    counts.emit(settled(outcome, disposition))
    assert asdict(counts.of("foo")) == asdict(Tally()) | {total: 1}


def test_every_fate_is_a_total() -> None:
    """No fate is without a total of its name."""
    assert {fate.value for fate in Fate} <= set(asdict(Tally()))


def test_received_messages_and_calls_are_summed(sample: Sample) -> None:
    """A receive adds its messages, each SQS request one call; other events nothing."""
    counts = Counts()
    for event in (
        sample(MessagesReceived, vendor="foo", count=10),
        sample(MessagesReceived, vendor="foo", count=0),
        sample(MessagesReceived, vendor="foo", count=4),
        sample(SqsCalled, vendor="foo"),
        sample(SqsCalled, vendor="foo"),
        sample(PipelineStarted, vendor="foo"),
    ):
        counts.emit(event)
    assert counts.of("foo") == Tally(received=14, sqs_calls=2)


def test_vendors_are_counted_apart(settled: Sample) -> None:
    """One vendor's messages are not another's."""
    counts = Counts()
    counts.emit(settled("Delivered", "Delete"))
    assert counts.of("bar") == Tally()
