"""All that is known from outside of what processes did: to the queues, and at the vendor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.queue import Stored
from tests.model_based.contents import Contents, of_message
from worker.local.history import (
    Arrived,
    Buried,
    Deleted,
    Disturbed,
    Event,
    Found,
    Frozen,
    History,
    Place,
    Published,
    Received,
    Recorded,
    Sent,
    Shown,
)
from worker.model.message import Message, MessageId, Outgoing, ReceiptHandle
from worker.ports import LedgerKey

_TAKEN = 200
_NOBODY = MessageId("")


@dataclass(frozen=True, slots=True)
class Visit:
    """One job's way to the vendor and back."""

    at: float
    answered: float
    who: str
    contents: Contents
    statuses: Mapping[str, int]  # by item
    heard: bool
    done: bool  # what was asked for by this request: the job, or this round of it


@dataclass(slots=True)
class Log:
    """Written by doors and vendors; `broken` by whoever sees a promise broken at once."""

    now: Callable[[], float]  # the loop's seconds
    living: set[str] = field(default_factory=set)  # processes
    broken: list[str] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)  # failed attempts, by key
    failed_at: dict[str, float] = field(default_factory=dict)  # the first of them
    rejections: dict[str, set[str | None]] = field(default_factory=dict)  # codes, by key
    burials: list[tuple[float, Contents, Outgoing]] = field(default_factory=list)
    receivers: dict[str, str] = field(default_factory=dict)  # who, by receipt
    events: list[tuple[Event, Contents]] = field(default_factory=list)
    _troubles: History = field(default_factory=History)
    _held: dict[str, Contents] = field(default_factory=dict)  # by receipt

    def break_promise(self, promise: str) -> None:
        """Something was seen that must never be."""
        self.broken.append(f"{self.now():.3f}: {promise}")

    def published(self, stored: Stored) -> str:
        """A caller put it into the queue; returns its key."""
        contents = _contents(stored)
        self.events.append((Published(self.now(), ""), contents))
        return contents.key

    def received(self, who: str, at: float, message: Message, seconds: float, *, heard: bool) -> None:
        """SQS handed it out."""
        contents = of_message(message.id, message.body, message.attributes)
        self._held[message.receipt], self.receivers[message.receipt] = contents, who
        event = Received(at, who, "", message.id, message.receipt, message.receive_count, seconds, heard)
        self.events.append((event, contents))

    def shown(self, who: str, receipt: ReceiptHandle, seconds: float) -> None:
        """SQS changed when it becomes visible."""
        self.events.append((Shown(self.now(), who, "", receipt, seconds), self._held[receipt]))

    def deleted(self, who: str, receipt: ReceiptHandle) -> None:
        """SQS was asked to delete it and said yes."""
        self.events.append((Deleted(self.now(), who, "", receipt), self._held[receipt]))

    def sent(self, who: str, operation: str, entry: Outgoing) -> None:
        """A copy was put into the queue, or into the dead-letter queue."""
        contents = of_message(_NOBODY, entry.body, entry.attributes)
        if operation == "bury":
            self.burials.append((self.now(), contents, entry))
            self.events.append((Buried(self.now(), who, ""), contents))
        else:
            self.events.append((Sent(self.now(), who, ""), contents))

    def disturbed(
        self, who: str, operation: str, receipts: Sequence[ReceiptHandle], entries: Sequence[Any], fault: str
    ) -> None:
        """A call was made to go wrong."""
        for receipt in receipts:
            self.events.append((Disturbed(self.now(), who, "", receipt, operation, fault), self._held[receipt]))
        for entry in entries:
            if isinstance(entry, Outgoing):
                contents = of_message(_NOBODY, entry.body, entry.attributes)
                self.events.append((Disturbed(self.now(), who, "", "", operation, fault), contents))

    def recorded(self, who: str, key: LedgerKey) -> None:
        """The ledger has it as delivered."""
        self.events.append((Recorded(self.now(), who, ""), Contents(key.key, cursor=key.cursor)))

    def ledger_disturbed(self, who: str, fault: str) -> None:
        """A call to the ledger was made to go wrong, whatever it was about."""
        self.events.append((Disturbed(self.now(), who, "", "", "dynamodb:ledger", fault), Contents("")))

    def visited(self, visit: Visit) -> None:
        """It was at the vendor."""
        self.visits.append(visit)

    def failed(self, key: str) -> None:
        """An attempt failed."""
        self.failures[key] += 1
        self.failed_at.setdefault(key, self.now())

    def rejected(self, key: str, code: str | None) -> None:
        """The adapter said that it can never be delivered."""
        self.rejections.setdefault(key, set()).add(code)

    def killed(self, who: str) -> None:
        """A process is dead."""
        self.living.discard(who)
        self._troubles.killed(who, self.now())

    def froze(self, began: float, until: float) -> None:
        """All that lived stood still."""
        for who in sorted(self.living):
            self._troubles.froze(who, began, until)

    @property
    def is_long(self) -> bool:
        """Whether a job took more than one round."""
        return any(visit.contents.number for visit in self.visits)

    @property
    def is_troubled(self) -> bool:
        """Whether anything at all was made to go wrong."""
        return bool(self._troubles.troubles) or any(isinstance(event, Disturbed) for event, _ in self.events)

    def had_trouble(self, received: Received) -> bool:
        """Whether who received it was killed or stood still since, or a call about it went wrong."""
        if any(isinstance(event, Disturbed) and event.receipt == received.receipt for event, _ in self.events):
            return True
        return any(
            trouble.who == received.who and getattr(trouble, "until", trouble.at) >= received.at
            for trouble in self._troubles.troubles
        )

    def leases_of(self, visit: Visit) -> list[Received]:
        """What its sender had of its key by then: one of them is what was sent."""
        mine = [event for event, about in self.events if about.key == visit.contents.key and event.at <= visit.at]
        ends = {event.receipt: event.at + event.seconds for event in mine if isinstance(event, Received | Shown)}
        ends |= {event.receipt: -1.0 for event in mine if isinstance(event, Deleted)}
        received = [event for event in mine if isinstance(event, Received) and event.who == visit.who]
        return [event for event in received if ends[event.receipt] >= visit.at]

    def standstill(self, since: float) -> float:
        """Seconds that processes have stood still."""
        frozen = {(each.at, each.until) for each in self._troubles.troubles if isinstance(each, Frozen)}
        return sum(until - max(at, since) for at, until in frozen if until > since)

    def ledger_troubled(self, start: float, end: float) -> bool:
        """Whether a call to the ledger went wrong then."""
        return any(
            isinstance(event, Disturbed) and event.operation.startswith("dynamodb:") and start <= event.at <= end
            for event, _ in self.events
        )

    def history(self, queue: Iterable[Stored], dead: Iterable[Stored]) -> History:
        """What happened to each item until now, and where it lies."""
        told = [*self.events, *_found(self.now(), queue, "queue"), *_found(self.now(), dead, "dead letters")]
        history = self._new_history()
        items = self._items()
        for event, contents in told:
            for item in items.get(contents.key, ()) if isinstance(event, Recorded) else contents.items:
                history.record(replace(event, key=item))
        for visit in self.visits:
            for item, status in visit.statuses.items():
                history.record(Arrived(visit.at, visit.answered, visit.who, item, status, visit.heard))
        return history

    def rounds(self) -> History:
        """What happened to each round of each long job; not whether it ended, for the job may begin anew."""
        long = {visit.contents.key for visit in self.visits if visit.contents.cursor is not None}
        rounds: dict[str, dict[str, int]] = {}  # by key: numbers by name
        history = self._new_history()
        for visit in self.visits:
            if visit.contents.key in long:
                rounds.setdefault(visit.contents.key, {})[visit.contents.round] = visit.contents.number
                status = _TAKEN if visit.done else 500
                name = visit.contents.round
                history.record(Arrived(visit.at, visit.answered, visit.who, name, status, visit.heard))
        for event, contents in self.events:
            for name, number in rounds.get(contents.key, {}).items():
                if isinstance(event, Sent) and contents.number > number:
                    continue  # it goes on after this round
                if isinstance(event, Recorded) and contents.number != number:
                    continue
                history.record(replace(event, key=name))
        return history

    def _items(self) -> Mapping[str, set[str]]:
        """All items of each key."""
        items: dict[str, set[str]] = {}
        for visit in self.visits:
            items.setdefault(visit.contents.key, set()).update(visit.contents.items)
        return items

    def _new_history(self) -> History:
        return History(troubles=list(self._troubles.troubles))


def _contents(stored: Stored) -> Contents:
    return of_message(stored.id, stored.outgoing.body, stored.outgoing.attributes)


def _found(at: float, stored: Iterable[Stored], place: Place) -> Iterable[tuple[Event, Contents]]:
    return [(Found(at, "", place), _contents(each)) for each in stored]
