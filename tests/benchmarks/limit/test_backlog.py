"""How often a delivered message had been received follows from what SQS was asked."""

from __future__ import annotations

from benchmarks.limit.backlog import receive_counts
from worker.local.history import Deleted, Received


def received(receipt: str, count: int) -> Received:
    return Received(1.0, "w1", "key", "id", receipt, count, seconds=7.0, heard=True)


def test_a_delivery_counts_the_receives_up_to_its_own() -> None:
    """The receipt that deleted a message says which receive it was; one that was not deleted is no delivery."""
    events = [received("a", 1), received("b", 1), received("b2", 2), received("c", 1)]
    deletes = [Deleted(2.0, "w1", "key", receipt) for receipt in ("a", "b2")]
    assert list(receive_counts([*events, *deletes])) == [1, 2]
