"""Plain running totals per vendor, for a view that reads them often."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from worker.model.events import (
    Event,
    GateClosed,
    GateOpened,
    MessageSettled,
    MessagesReceived,
    SqsCalled,
    VendorThrottled,
)
from worker.telemetry.fate import Fate, fate_of


@dataclass(slots=True)
class Tally:
    """One vendor's totals since the start; only `Counts` writes them."""

    received: int = 0
    delivered: int = 0
    retried: int = 0
    throttled: int = 0
    blocked: int = 0
    continued: int = 0
    buried: int = 0
    handed_back: int = 0
    sqs_calls: int = 0
    throttles: int = 0  # answers; a message that waited for the vendor in hand is not settled as throttled
    closed: bool = False  # nothing is sent to the vendor now


class Counts:
    """Listens and adds up."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)

    def of(self, vendor: str) -> Tally:
        """The vendor's totals; the same object goes on counting."""
        return self._tallies[vendor]

    def emit(self, event: Event) -> None:
        """Add an event to its vendor's totals."""
        match event:
            case MessageSettled():
                _settle(self._tallies[event.vendor], fate_of(event))
            case SqsCalled():
                self._tallies[event.vendor].sqs_calls += 1
            case MessagesReceived():
                self._tallies[event.vendor].received += event.count
            case VendorThrottled():
                self._tallies[event.vendor].throttles += 1
            case GateClosed(scope="vendor") | GateOpened(scope="vendor"):
                self._tallies[event.vendor].closed = isinstance(event, GateClosed)
            case _:
                pass


def _settle(tally: Tally, fate: Fate) -> None:
    setattr(tally, fate.value, getattr(tally, fate.value) + 1)
