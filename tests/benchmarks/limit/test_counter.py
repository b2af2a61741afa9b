"""Calls of the state table are counted by when they were made."""

from __future__ import annotations

from benchmarks.limit.counter import Counter
from worker.local.awscall import Call
from worker.local.faultproxy import Answer, Seen


def seen(operation: str, at: float, status: int | None = 200) -> Seen:
    answer = None if status is None else Answer(status, {}, b"{}")
    return Seen("w1", Call(operation, "json", b"{}"), at, at, answer, heard=True, fault=None)


def test_only_calls_of_the_table_in_the_stretch_count() -> None:
    """What was called before or after, and what SQS was asked, is left out; a call that failed was made."""
    counter = Counter()
    for call in (
        seen("dynamodb:UpdateItem", 0.9),
        seen("dynamodb:UpdateItem", 1.0),
        seen("sqs:ReceiveMessage", 1.1),
        seen("dynamodb:UpdateItem", 1.2, status=400),
        seen("dynamodb:GetItem", 1.3, status=None),
        seen("dynamodb:UpdateItem", 2.0),
    ):
        counter.see(call)
    assert counter.calls(1.0, 2.0) == 3
    assert counter.refused(1.0, 2.0) == 1
