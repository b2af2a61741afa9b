"""Why a vendor was asked again for what it had done."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from worker.local.history import Arrived, Deleted, Disturbed, Published, Sent
from worker.local.story import Lease, Story
from worker.local.troubles import SLACK


def causes_of(story: Story) -> Iterator[str | None]:
    """One for each time that the vendor did it again; None: there is none."""
    spare = len(story.of(Published)) + len(story.of(Sent)) - 1  # messages of this key beyond the first
    for number, (first, second) in enumerate(pairwise(story.taken), 1):
        cause = _cause(story, first, second)
        if cause is None and any(_handed_out_twice(story, before, second) for before in story.taken[:number]):
            cause = "SQS handed it out twice"
        if cause is None and spare > 0 and _two_messages(story, first, second):
            cause = "two messages of one key"
            spare -= 1
        yield cause


def _cause(story: Story, first: Arrived, second: Arrived) -> str | None:
    if _was_known(story, second):
        return None  # it had only to ask the ledger
    if story.troubles.killed(first.who, first.at - SLACK, second.at):  # dead while its request was on its way
        return "killed before the delete"
    if (lost := _lost(story, first, second)) is not None:
        return f"lease lost: {lost}"
    if not first.heard:
        slow = story.troubles.stalled(first.at - SLACK, first.answered)
        return "the machine stood still" if slow else "no answer from the vendor"
    if not story.leases_of(second) and story.troubles.frozen(second.who, second.at - SLACK, second.at):
        return "lease lost: the worker stood still"  # with the second request on its way
    if story.troubles.stalled(first.at - SLACK, second.at):  # it may not have heard the answer in time
        return "the machine stood still"
    return None


def _was_known(story: Story, again: Arrived) -> bool:
    leases = story.leases_of(again)
    return bool(leases) and all(story.was_known(lease.received, again.at) for lease in leases)


def _lost(story: Story, first: Arrived, second: Arrived) -> str | None:
    """Why the first one's lease ended before its message was deleted; not if its worker itself gave it back."""
    leases = story.leases_of(first)
    if any(lease.shortened is not None and lease.shortened > first.answered for lease in leases):
        return None
    if story.troubles.frozen(first.who, first.at, second.at):
        return "the worker stood still"
    receipts = {lease.received.receipt for lease in leases}
    return "SQS calls failed" if any(event.receipt in receipts for event in story.of(Disturbed)) else None


def _handed_out_twice(story: Story, first: Arrived, second: Arrived) -> bool:
    """Whether SQS gave the same message out though somebody held it, or had deleted it: at least once."""
    pairs = [(one, other) for one in story.leases_of(first) for other in story.leases_of(second)]
    return any(_is_again(story, one, other) or _is_again(story, other, one) for one, other in pairs)


def _is_again(story: Story, lease: Lease, later: Lease) -> bool:
    before, after = lease.received, later.received
    if after.message_id != before.message_id or after.receipt == before.receipt:
        return False
    deleted = any(event.receipt == before.receipt and event.at <= after.at for event in story.of(Deleted))
    return deleted or before.at <= after.at < lease.ends


def _two_messages(story: Story, first: Arrived, second: Arrived) -> bool:
    leases = [*story.leases_of(first), *story.leases_of(second)]
    return len({lease.received.message_id for lease in leases}) > 1
