"""What one vendor's metrics are since they were told last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from worker.model.events import (
    AdapterFailed,
    Event,
    LeaseLost,
    LimiterDegraded,
    LimiterRestored,
    MessageSettled,
    MessagesReceived,
    PipelineCrashed,
    TableCallFailed,
    VendorBlocked,
)
from worker.model.task import Standing
from worker.ports import Clock
from worker.telemetry.emfline import COUNTS, SECONDS, Values
from worker.telemetry.fate import Fate, fate_of
from worker.telemetry.sample import Sample

_FATES = {
    Fate.DELIVERED: "MessagesDelivered",
    Fate.RETRIED: "MessagesRetried",
    Fate.THROTTLED: "MessagesThrottled",
    Fate.BURIED: "MessagesBuried",
    Fate.HANDED_BACK: "MessagesHandedBack",
}
_SELDOM: Mapping[type, str] = {
    LeaseLost: "LeasesLost",
    TableCallFailed: "TableCallFailures",
    AdapterFailed: "AdapterFailures",
    PipelineCrashed: "PipelineCrashes",
}


class Subject(Protocol):
    """A pipeline, as far as it is asked."""

    @property
    def name(self) -> str:
        """Its vendor."""

    @property
    def held(self) -> int:
        """Messages in hand."""

    @property
    def standing(self) -> Standing:
        """How it stands with its limit, and why it is closed."""


class Minute:
    """Adds up one vendor's events; `take` begins anew.

    A block of one key is only known by its event: it counts for as long as the event says, until the next probe.
    """

    def __init__(self, clock: Clock, chance: Callable[[], float]) -> None:
        self._clock = clock
        self._counts = dict.fromkeys(COUNTS, 0)
        self._seconds = {name: Sample(chance) for name in SECONDS}
        self.subject: Subject | None = None  # asked at each `take`; set once, by who makes the pipeline
        self._since = clock.monotonic()
        self._blocked_until = 0.0  # monotonic seconds
        self._degraded = 0  # limits that send their safe share now; a vendor may have several
        self._was_degraded = False

    def add(self, event: Event) -> None:
        """Count an event; the frequent ones come first."""
        match event:
            case MessageSettled():
                self._settled(event)
            case MessagesReceived():
                self._counts["MessagesReceived"] += event.count
                self._seconds["PermitWaitSeconds"].add(event.permit_wait_seconds)
            case LimiterDegraded():
                self._degraded += 1
                self._was_degraded = True
            case LimiterRestored():
                self._degraded -= 1
            case VendorBlocked():
                self._blocked_until = max(self._blocked_until, self._clock.monotonic() + event.seconds)
            case _ if (name := _SELDOM.get(type(event))) is not None:
                self._counts[name] += 1
            case _:
                pass

    def take(self) -> Mapping[str, Values]:
        """All metrics, by name; what is 0 or 1 is as it stands, but for a block and a lost limit: since the last."""
        closed = self.subject.standing.closed if self.subject else ""
        told: dict[str, Values] = {
            **self._counts,
            "MessagesInFlight": self.subject.held if self.subject else 0,
            "GateClosed": int(bool(closed)),
            "VendorBlocked": int(closed == "blocked" or self._blocked_until > self._since),
            "LimiterDegraded": int(self._was_degraded),
            **{name: sample.take() for name, sample in self._seconds.items()},
        }
        self._counts = dict.fromkeys(COUNTS, 0)
        self._since = self._clock.monotonic()
        self._was_degraded = self._degraded > 0
        return told

    def _settled(self, event: MessageSettled) -> None:
        fate = fate_of(event)
        if name := _FATES.get(fate):
            self._counts[name] += 1
        if event.seconds > 0:
            self._seconds["DeliverySeconds"].add(event.seconds)
        if fate is Fate.DELIVERED:
            self._seconds["MessageAgeSeconds"].add(event.age_seconds)
