"""Whether a history keeps what Sluice promises: nothing lost, no delete before its time, each duplicate explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from worker.local.history import (
    Arrived,
    Buried,
    Deleted,
    Disturbed,
    Event,
    Found,
    Frozen,
    History,
    Killed,
    Published,
    Received,
    Sent,
    Shown,
    Trouble,
    tell,
)

_E = TypeVar("_E")

_SLACK = 1.0  # seconds between a worker's decision to send and the vendor's clock, on a busy machine


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, and what happened to the message."""

    promise: str
    key: str
    story: str  # a line for each event

    def __str__(self) -> str:
        return f"{self.promise}: {self.key}\n{self.story}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a history says."""

    published: int  # keys
    delivered: int
    buried: int
    redriven: int  # buried by SQS itself, without a reason: received too often
    queued: int
    lost: int
    duplicates: Mapping[str, int]  # by cause
    violations: Sequence[Violation]


def judge(history: History) -> Judgement:
    """Judge it, once all is over and what was left has been recorded as `Found`."""
    stories = {key: _Story(key, events, history.troubles) for key, events in history.stories().items()}
    published = [story for story in stories.values() if story.of(Published)]
    causes = [cause for story in stories.values() for cause, _ in story.duplicates()]
    return Judgement(
        published=len(published),
        delivered=sum(bool(story.taken) for story in published),
        buried=sum(story.is_buried for story in published),
        redriven=sum(story.is_redriven for story in published),
        queued=sum(story.is_in("queue") for story in published),
        lost=sum(not story.has_ended for story in published),
        duplicates=dict(Counter(cause or "unexplained" for cause in causes)),
        violations=[violation for story in stories.values() for violation in story.violations()],
    )


@dataclass(frozen=True, slots=True)
class _Lease:
    """A message in a worker's hands, as SQS has it."""

    received: Received
    ends: float  # when SQS would hand it out again
    shortened: float | None  # when the worker itself ended it, to wait or to hand it back


class _Story:
    """One key's."""

    def __init__(self, key: str, events: Sequence[Event], troubles: Sequence[Trouble]) -> None:
        self._key = key
        self._events = events
        self._troubles = troubles
        self._leases = [_lease(received, events) for received in self.of(Received)]
        self.taken = [arrival for arrival in self.of(Arrived) if arrival.taken]

    def of(self, kind: type[_E]) -> list[_E]:
        """Its events of one kind, in order."""
        return [event for event in self._events if isinstance(event, kind)]

    @property
    def is_buried(self) -> bool:
        """Whether it is in the dead-letter queue."""
        return bool(self.of(Buried)) or self.is_in("dead letters")

    @property
    def is_redriven(self) -> bool:
        """Whether no worker put it there."""
        return self.is_in("dead letters") and not self.of(Buried)

    @property
    def has_ended(self) -> bool:
        """Delivered, buried, parked or queued."""
        return bool(self.taken or self.of(Buried) or self.of(Found))

    def is_in(self, place: str) -> bool:
        """Whether it was found there."""
        return any(found.place == place for found in self.of(Found))

    def duplicates(self) -> Iterator[tuple[str | None, Arrived]]:
        """What the vendor did again, each with its cause; None: there is none."""
        spare = len(self.of(Published)) + len(self.of(Sent)) - 1  # messages of this key beyond the first
        for first, second in pairwise(self.taken):
            cause = self._cause(first, second)
            if cause is None and spare > 0 and self._two_messages(first, second):
                cause = "two messages of one key"
                spare -= 1
            yield cause, second

    def violations(self) -> Iterator[Violation]:
        """What was not kept."""
        if self.of(Published) and not self.has_ended:
            yield self._violation("lost")
        if any(cause is None for cause, _ in self.duplicates()):
            yield self._violation("a duplicate without a cause")
        if any(not self._may_be_deleted(deleted) for deleted in self.of(Deleted)):
            yield self._violation("deleted without delivery or burial")
        if any(self._at_once(first, second) for first, second in pairwise(self.of(Arrived))):
            yield self._violation("sent twice at once under one lease")
        if not all(self._had_lease(arrival) for arrival in self.of(Arrived)):
            yield self._violation("sent without a live lease")

    def _cause(self, first: Arrived, second: Arrived) -> str | None:
        """Why the vendor did it again though it had done it before."""
        if not first.heard:
            return "no answer from the vendor"
        if self._trouble(Killed, first.who, first.at - _SLACK, second.at):  # dead while its request was on its way
            return "killed before the delete"
        before = self._leases_of(first)
        if any(lease.shortened is not None and lease.shortened > first.answered for lease in before):
            return None  # it was given back though the vendor had said yes
        if self._trouble(Frozen, first.who, first.at, second.at):
            return "lease lost: the worker stood still"
        receipts = {lease.received.receipt for lease in before}
        if any(event.receipt in receipts for event in self.of(Disturbed)):
            return "lease lost: SQS calls failed"
        return None

    def _two_messages(self, first: Arrived, second: Arrived) -> bool:
        leases = [*self._leases_of(first), *self._leases_of(second)]
        return len({lease.received.message_id for lease in leases}) > 1

    def _trouble(self, kind: type[Trouble], who: str, start: float, end: float) -> bool:
        return any(
            isinstance(trouble, kind) and trouble.who == who and trouble.at <= end and _last_of(trouble) >= start
            for trouble in self._troubles
        )

    def _may_be_deleted(self, deleted: Deleted) -> bool:
        told = any(arrival.heard and arrival.answered <= deleted.at for arrival in self.taken)
        copies: list[Buried | Sent] = [*self.of(Buried), *self.of(Sent)]
        return told or any(copy.at <= deleted.at for copy in copies)

    def _at_once(self, first: Arrived, second: Arrived) -> bool:
        leases = [*self._leases_of(first), *self._leases_of(second)]
        return second.at < first.answered and len({lease.received.receipt for lease in leases}) == 1

    def _had_lease(self, arrival: Arrived) -> bool:
        if self._leases_of(arrival):
            return True
        return self._trouble(Frozen, arrival.who, arrival.at - _SLACK, arrival.at)  # on its way when it stood still

    def _leases_of(self, arrival: Arrived) -> Sequence[_Lease]:
        """Those under which it may have been sent: its sender's; several where it held several messages of the key."""
        return [
            lease
            for lease in self._leases
            if lease.received.who == arrival.who and lease.received.at <= arrival.at <= lease.ends + _SLACK
        ]

    def _violation(self, promise: str) -> Violation:
        concerned = {event.who for event in self._events if not isinstance(event, Published | Found)}
        return Violation(
            promise, self._key, tell([*self._events, *(each for each in self._troubles if each.who in concerned)])
        )


def _lease(received: Received, events: Sequence[Event]) -> _Lease:
    shown = [event for event in events if isinstance(event, Shown) and event.receipt == received.receipt]
    last = shown[-1] if shown else received
    short = [event.at for event in shown if event.seconds < received.seconds]
    return _Lease(received, last.at + last.seconds, short[-1] if short else None)


def _last_of(trouble: Trouble) -> float:
    return trouble.until if isinstance(trouble, Frozen) else trouble.at
