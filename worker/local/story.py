"""What happened to one key's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from worker.local.history import (
    Arrived,
    Buried,
    Deleted,
    Event,
    Found,
    Place,
    Published,
    Received,
    Recorded,
    Sent,
    Shown,
    tell,
)
from worker.local.troubles import SLACK, Troubles

_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Lease:
    """A message in a worker's hands, as SQS has it."""

    received: Received
    ends: float  # when SQS would hand it out again
    shortened: float | None  # when the worker itself ended it, to wait or to hand it back


class Story:
    """Events of one key, in order, and what can be asked of them."""

    def __init__(self, key: str, events: Sequence[Event], troubles: Troubles) -> None:
        self.key = key
        self.troubles = troubles
        self._events = events
        shown = _by_receipt(self.of(Shown))
        self._leases = [_lease(received, shown.get(received.receipt, ())) for received in self.of(Received)]
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

    @property
    def is_recalled(self) -> bool:
        """Whether somebody who received it could learn from the ledger that it was delivered."""
        return any(self.was_known(received, received.at) for received in self.of(Received))

    def is_in(self, place: Place) -> bool:
        """Whether it was found there."""
        return any(found.place == place for found in self.of(Found))

    def was_known(self, received: Received, until: float) -> bool:
        """Whether it was in the ledger before it was received once more, and that ledger could be asked until then."""
        known = min((recorded.at for recorded in self.of(Recorded)), default=inf)
        again = received.count > 1 and known < received.at
        return again and not self.troubles.cut_off(received.who, received.at, until)

    def may_be_deleted(self, deleted: Deleted) -> bool:
        """Whether it was delivered before, or a copy of it was elsewhere."""
        told = any(arrival.heard and arrival.answered <= deleted.at for arrival in self.taken)
        copies: list[Buried | Sent] = [*self.of(Buried), *self.of(Sent)]
        return told or any(copy.at <= deleted.at for copy in copies)

    def are_at_once(self, first: Arrived, second: Arrived) -> bool:
        """Whether the second was sent before the first was answered, under the same lease."""
        leases = [*self.leases_of(first), *self.leases_of(second)]
        return second.at < first.answered and len({lease.received.receipt for lease in leases}) == 1

    def had_lease(self, arrival: Arrived) -> bool:
        """Whether there was a live one; what was on its way as its worker or the machine stood still had one then."""
        if self.leases_of(arrival):
            return True
        start, end = arrival.at - SLACK, arrival.at
        return self.troubles.frozen(arrival.who, start, end) or self.troubles.stalled(start, end)

    def leases_of(self, arrival: Arrived) -> Sequence[Lease]:
        """Those under which it may have been sent: its sender's; several where it held several messages of the key."""
        return [
            lease
            for lease in self._leases
            if lease.received.who == arrival.who and lease.received.at <= arrival.at <= lease.ends + SLACK
        ]

    def told(self) -> str:
        """A line for each event, and for what befell its workers."""
        workers = frozenset(event.who for event in self._events if not isinstance(event, Published | Found))
        return tell([*self._events, *self.troubles.about(workers)])


def _by_receipt(events: Sequence[Shown]) -> Mapping[str, Sequence[Shown]]:
    shown: dict[str, list[Shown]] = {}
    for event in events:
        shown.setdefault(event.receipt, []).append(event)
    return shown


def _lease(received: Received, shown: Sequence[Shown]) -> Lease:
    last = shown[-1] if shown else received
    short = [event.at for event in shown if event.seconds < received.seconds]
    return Lease(received, last.at + last.seconds, short[-1] if short else None)
