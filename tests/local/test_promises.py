"""What a history is judged to say: each promise can be broken, and each duplicate has one cause."""

from __future__ import annotations

import pytest

from worker.local.history import (
    Arrived,
    Buried,
    Deleted,
    Disturbed,
    Event,
    Found,
    History,
    Published,
    Received,
    Sent,
    Shown,
)
from worker.local.promises import Judgement, judge

PUBLISHED = Published(0, "k")


def received(at: float, who: str = "a", *, receipt: str = "", message: str = "m", count: int = 1) -> Received:
    return Received(at, who, "k", message, receipt or f"{who}{at}", count, 10, heard=True)


def arrived(at: float, who: str = "a", *, took: float = 0.1, status: int = 200, heard: bool = True) -> Arrived:
    return Arrived(at, at + took, who, "k", status, heard)


def judged(
    *events: Event, killed: dict[str, float] | None = None, froze: tuple[float, float] | None = None
) -> Judgement:
    history = History()
    for event in (PUBLISHED, *events):
        history.record(event)
    for who, at in (killed or {}).items():
        history.killed(who, at)
    if froze:
        history.froze("a", *froze)
    return judge(history)


def promises(judgement: Judgement) -> list[str]:
    return [violation.promise for violation in judgement.violations]


def test_a_message_that_is_delivered_and_deleted_keeps_all() -> None:
    """The plain case: counted, no duplicate, no violation."""
    told = judged(received(1, receipt="r"), arrived(1.1), Deleted(1.5, "a", "k", "r"))
    assert (told.published, told.delivered, told.buried, told.lost) == (1, 1, 0, 0)
    assert (told.duplicates, told.violations) == ({}, [])


def test_what_ended_nowhere_is_lost() -> None:
    """Published, sent and refused, and found nowhere: lost, with its story."""
    told = judged(received(1), arrived(1.1, status=500))
    assert (told.lost, promises(told)) == (1, ["lost"])
    assert "a sent it: 500" in told.violations[0].story


@pytest.mark.parametrize("end", [Buried(2, "a", "k"), Found(9, "k", "queue"), Found(9, "k", "parked")])
def test_buried_parked_and_queued_are_ends(end: Event) -> None:
    """A message need not be delivered to be accounted for."""
    assert judged(received(1), end).lost == 0


def test_what_no_worker_buried_was_redriven() -> None:
    """SQS moved it: nobody wrote a reason. A burial of ours lies there too, and was none."""
    lying = Found(9, "k", "dead letters")
    assert (judged(received(1), lying).redriven, judged(received(1), Buried(2, "a", "k"), lying).redriven) == (1, 0)


def test_a_delete_before_the_vendor_said_yes_is_a_violation() -> None:
    """A 500, an answer that nobody heard or one that came later are no reason to delete."""
    for arrival in (arrived(1.1, status=500), arrived(1.1, heard=False), arrived(1.1, took=2)):
        told = judged(received(1, receipt="r"), arrival, Deleted(1.5, "a", "k", "r"), Found(9, "k", "queue"))
        assert promises(told) == ["deleted without delivery or burial"]


@pytest.mark.parametrize("copy", [Buried(1.2, "a", "k"), Sent(1.2, "a", "k")])
def test_a_copy_elsewhere_is_a_reason_to_delete(copy: Event) -> None:
    """A burial, or the continuation of a long job."""
    told = judged(received(1, receipt="r"), copy, Deleted(1.5, "a", "k", "r"), Found(9, "k", "queue"))
    assert told.violations == []


def test_a_duplicate_without_a_cause_is_a_violation() -> None:
    """The vendor said yes, nothing happened, and it was sent again."""
    told = judged(received(1), arrived(1.1), received(12, "b", count=2), arrived(12.1, "b"))
    assert (told.duplicates, promises(told)) == ({"unexplained": 1}, ["a duplicate without a cause"])


AGAIN = (received(12, "b", count=2), arrived(12.1, "b"))


def test_a_death_explains_a_duplicate_of_its_worker() -> None:
    """Killed between the vendor's answer and the delete; another worker's death explains nothing."""
    told = judged(received(1), arrived(1.1), *AGAIN, killed={"a": 1.3})
    assert (told.duplicates, told.violations) == ({"killed before the delete": 1}, [])
    assert judged(received(1), arrived(1.1), *AGAIN, killed={"b": 1.3}).duplicates == {"unexplained": 1}


def test_a_death_explains_what_was_on_its_way() -> None:
    """A request may arrive a moment after its sender's death, not long after it."""
    told = judged(received(5), arrived(5.1), *AGAIN, killed={"a": 5.0})
    assert (told.duplicates, told.violations) == ({"killed before the delete": 1}, [])
    assert judged(received(1), arrived(5.1), *AGAIN, killed={"a": 2.0}).duplicates == {"unexplained": 1}


def test_no_answer_explains_a_duplicate() -> None:
    """The vendor did it and said nothing: it must be sent again."""
    told = judged(received(1), arrived(1.1, heard=False), received(5, count=2), arrived(5.1))
    assert (told.duplicates, told.violations) == ({"no answer from the vendor": 1}, [])


def test_a_standstill_explains_a_duplicate() -> None:
    """Its lease ended while it stood still."""
    told = judged(received(1), arrived(1.1), *AGAIN, froze=(1.2, 14))
    assert (told.duplicates, told.violations) == ({"lease lost: the worker stood still": 1}, [])


def test_only_calls_about_this_very_lease_explain_a_duplicate() -> None:
    """A delete that we made fail does; one for another receipt does not."""
    first = (received(1, receipt="r"), arrived(1.1))
    ours = Disturbed(1.5, "a", "k", "r", "sqs:DeleteMessageBatch", "reset")
    other = Disturbed(1.5, "a", "k", "s", "sqs:DeleteMessageBatch", "reset")
    assert judged(*first, ours, *AGAIN).duplicates == {"lease lost: SQS calls failed": 1}
    assert judged(*first, other, *AGAIN).duplicates == {"unexplained": 1}


def test_giving_back_what_is_delivered_is_never_explained() -> None:
    """A worker that postpones a message though the vendor said yes has no excuse in SQS's failures."""
    events = (received(1, receipt="r"), arrived(1.1), Shown(1.5, "a", "k", "r", 2))
    failed = Disturbed(1.6, "a", "k", "r", "sqs:DeleteMessageBatch", "reset")
    assert judged(*events, failed, *AGAIN).duplicates == {"unexplained": 1}


def test_two_messages_of_one_key_explain_a_duplicate_if_both_were_put_there() -> None:
    """Published twice after a lost answer; one publish and two messages is SQS's or our fault, and not explained."""
    events = (received(1), arrived(1.1), received(2, "b", message="n"), arrived(2.1, "b"))
    assert judged(Published(0.5, "k"), *events).duplicates == {"two messages of one key": 1}
    assert judged(*events).duplicates == {"unexplained": 1}


def test_two_sends_at_once_under_one_lease_are_a_violation() -> None:
    """The second left before the first was answered, by the same worker, under the same receipt."""
    told = judged(received(1), arrived(1.1, took=1, heard=False), arrived(1.5))
    assert promises(told) == ["sent twice at once under one lease"]
    apart = judged(received(1), arrived(1.1, took=0.2, heard=False), arrived(1.5))
    assert apart.violations == []


def test_a_send_without_a_live_lease_is_a_violation() -> None:
    """After the visibility has ended, a heartbeat's included, or with no receive at all."""
    assert promises(judged(received(1), arrived(12.5))) == ["sent without a live lease"]
    assert promises(judged(arrived(1))) == ["sent without a live lease"]
    assert judged(received(1, receipt="r"), Shown(6, "a", "k", "r", 10), arrived(12.5)).violations == []


def test_what_left_as_the_worker_stood_still_is_no_violation() -> None:
    """A request that was on its way then arrives after its lease."""
    assert judged(received(1), arrived(15), froze=(1.1, 14.9)).violations == []
