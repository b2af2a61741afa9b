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
    Recorded,
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
    *events: Event,
    killed: dict[str, float] | None = None,
    froze: tuple[float, float] | None = None,
    stalled: tuple[float, float] | None = None,
) -> Judgement:
    history = History()
    for event in (PUBLISHED, *events):
        history.record(event)
    for who, at in (killed or {}).items():
        history.killed(who, at)
    if froze:
        history.froze("a", *froze)
    if stalled:
        history.stalled(*stalled)
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


def test_burials_are_counted_by_their_codes() -> None:
    """As the dead letters say; what SQS moved has none."""
    told = judged(received(1), Buried(2, "a", "k"), Found(9, "k", "dead letters", "kills"))
    assert told.burials == {"kills": 1}
    assert judged(received(1), Found(9, "k", "dead letters")).burials == {}


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


def test_a_death_comes_before_an_answer_that_reached_nobody() -> None:
    """Nobody was told because the worker was dead: that is the cause."""
    told = judged(received(1), arrived(1.1, heard=False), *AGAIN, killed={"a": 1.15})
    assert told.duplicates == {"killed before the delete": 1}


def test_a_machine_that_stood_still_explains_a_duplicate() -> None:
    """Whoever was late then cannot be blamed, not even for what was given back; before and after, it can."""
    late = (received(1, receipt="r"), arrived(1.1), Shown(4, "a", "k", "r", 1))
    assert judged(*late, *AGAIN, stalled=(1.2, 3.9)).duplicates == {"the machine stood still": 1}
    assert judged(*late, *AGAIN, stalled=(13, 15)).duplicates == {"unexplained": 1}


def test_an_answer_that_came_too_late_is_the_machines_fault() -> None:
    """The vendor was told late of the request, so that nobody waited any more."""
    told = judged(received(1), arrived(3, heard=False), received(5, count=2), arrived(5.1), stalled=(1.2, 2.5))
    assert told.duplicates == {"the machine stood still": 1}


def test_a_named_cause_comes_before_a_slow_machine() -> None:
    """Storms are known by the causes that they bring about."""
    told = judged(received(1), arrived(1.1), *AGAIN, killed={"a": 1.3}, stalled=(1.2, 3.9))
    assert told.duplicates == {"killed before the delete": 1}


RECORDED = Recorded(1.25, "a", "k")


def test_what_the_ledger_knew_is_never_sent_again() -> None:
    """Delivered, recorded, killed, received again: no death explains that it was sent."""
    told = judged(received(1), arrived(1.1), RECORDED, *AGAIN, killed={"a": 1.3})
    assert (told.duplicates, promises(told)) == ({"unexplained": 1}, ["a duplicate without a cause"])


def test_what_the_ledger_kept_from_being_sent_again_is_counted() -> None:
    """Received again by a worker that could ask: a run in which that never happens proves nothing of the ledger."""
    known = (received(1), arrived(1.1), RECORDED)
    again = received(12, "b", count=2)
    assert judged(*known, again, killed={"a": 1.3}).recalled == 1
    assert judged(*known, again, stalled=(11, 13)).recalled == 0
    assert judged(*known).recalled == 0


def test_the_ledger_explains_nothing_that_it_could_not_be_asked_for() -> None:
    """Recorded too late, never received before, a call to the ledger disturbed, or the machine too slow."""
    died = {"a": 1.3}
    first = (received(1), arrived(1.1))
    known, late = (*first, RECORDED), Recorded(12.05, "a", "k")
    cut = Disturbed(8, "b", "other", "", "dynamodb:BatchGetItem", "reset")
    fresh = (received(12, "b", message="n"), arrived(12.1, "b"))
    killed = {"killed before the delete": 1}
    assert judged(*first, late, *AGAIN, killed=died).duplicates == killed
    assert judged(*known, *fresh, killed=died).duplicates == killed
    assert judged(*known, cut, *AGAIN, killed=died).duplicates == killed
    assert judged(*known, *AGAIN, killed=died, stalled=(12.01, 14)).duplicates == killed


def test_only_calls_of_whoever_sent_it_again_keep_it_from_the_ledger() -> None:
    """Another worker's trouble with the table is none of its own, nor is one of long ago, nor one with SQS."""
    for who, at, operation in (("a", 8, "dynamodb:"), ("b", 1.5, "dynamodb:"), ("b", 8, "sqs:")):
        cut = Disturbed(at, who, "other", "", f"{operation}Any", "reset")
        told = judged(received(1), arrived(1.1), RECORDED, cut, *AGAIN, killed={"a": 1.3})
        assert told.duplicates == {"unexplained": 1}


def test_a_standstill_explains_a_duplicate() -> None:
    """Its lease ended while it stood still."""
    told = judged(received(1), arrived(1.1), *AGAIN, froze=(1.2, 14))
    assert (told.duplicates, told.violations) == ({"lease lost: the worker stood still": 1}, [])


def test_a_standstill_explains_what_was_on_its_way_then() -> None:
    """It arrives when somebody else has delivered the message; with a live lease there is no excuse."""
    events = (received(1), received(11.5, "b", count=2), arrived(11.6, "b"), arrived(14.1, heard=False))
    told = judged(*events, froze=(1.1, 14))
    assert (told.duplicates, told.violations) == ({"lease lost: the worker stood still": 1}, [])
    again = (received(11.5, "b", count=2), arrived(11.6, "b"), received(22, count=3), arrived(22.5))
    assert judged(*again, froze=(1.1, 22.4)).duplicates == {"unexplained": 1}


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


def test_what_left_as_the_machine_stood_still_is_no_violation() -> None:
    """The vendor saw it late; long after that there is no excuse."""
    assert judged(received(1), arrived(15), stalled=(11, 14.9)).violations == []
    assert promises(judged(received(1), arrived(15), stalled=(11, 13.9))) == ["sent without a live lease"]


def test_a_story_tells_of_the_machine_and_of_its_own_workers_only() -> None:
    """Whoever looks for the cause is not led astray by others' deaths."""
    told = judged(received(1), arrived(1.1, status=500), killed={"a": 2, "z": 2}, stalled=(3, 5))
    story = told.violations[0].story
    assert "the machine stood still for 2.0 s" in story
    assert "a killed" in story
    assert "z killed" not in story
