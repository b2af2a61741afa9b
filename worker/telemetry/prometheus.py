"""Events as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from worker.model.events import (
    AdapterFailed,
    AwsCallFailed,
    Event,
    GateClosed,
    GateOpened,
    LeaseLost,
    MessageSettled,
    MessagesReceived,
    PipelineCrashed,
    SqsCalled,
    VendorThrottled,
)
from worker.telemetry.families import Families
from worker.telemetry.fate import Fate, fate_of
from worker.telemetry.series import Series


class Metrics:
    """Listens and counts, in a registry of its own."""

    CONTENT_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._families = Families.register(self._registry)
        self._series: dict[str, Series] = {}  # labels are bound once: looking them up costs more than counting

    def watch(self, vendor: str, in_flight: Callable[[], int]) -> None:
        """Show a vendor from the start, zeros and all; `in_flight` is asked at each scrape."""
        self._of(vendor).in_flight.set_function(in_flight)

    def exposition(self) -> bytes:
        """All metrics as Prometheus' text format."""
        return generate_latest(self._registry)

    def emit(self, event: Event) -> None:
        """Count an event; the frequent ones come first."""
        match event:
            case MessageSettled():
                self._settled(event)
            case SqsCalled():
                self._of(event.vendor).sqs_calls(event.operation).inc()
            case MessagesReceived():
                self._received(event)
            case _:
                self._seldom(event)

    def _settled(self, event: MessageSettled) -> None:
        series, fate = self._of(event.vendor), fate_of(event)
        series.fates[fate].inc()
        if event.seconds > 0:
            series.delivery.observe(event.seconds)
        if fate is Fate.DELIVERED:
            series.age.observe(event.age_seconds)

    def _received(self, event: MessagesReceived) -> None:
        series = self._of(event.vendor)
        series.received.inc(event.count)
        series.permit_wait.observe(event.permit_wait_seconds)

    def _seldom(self, event: Event) -> None:
        match event:
            case VendorThrottled():
                self._of(event.vendor).throttles.inc()
            case GateClosed(scope="vendor"):
                self._of(event.vendor).gate_closed.set(1)
            case GateOpened(scope="vendor"):
                self._of(event.vendor).gate_closed.set(0)
            case LeaseLost():
                self._of(event.vendor).leases_lost.inc()
            case AwsCallFailed():
                self._of(event.vendor).aws_failures(event.operation).inc()
            case AdapterFailed():
                self._of(event.vendor).adapter_failures.inc()
            case PipelineCrashed():
                self._of(event.vendor).crashes.inc()
            case _:
                pass

    def _of(self, vendor: str) -> Series:
        series = self._series.get(vendor)
        if series is None:
            series = self._series[vendor] = Series.of(vendor, self._families)
        return series
