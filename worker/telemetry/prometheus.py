"""Events as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from worker.model.events import (
    AdapterFailed,
    AwsCallFailed,
    Event,
    GateClosed,
    GateOpened,
    LeaseLost,
    LimiterAsked,
    LimiterDegraded,
    LimiterRestored,
    MessageSettled,
    MessagesReceived,
    PipelineCrashed,
    SlotsForfeited,
    SqsCalled,
    TableCallFailed,
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

    def watch(self, vendor: str, in_flight: Callable[[], int], rate_factor: Callable[[], float] = lambda: 1.0) -> None:
        """Show a vendor from the start, zeros and all; `in_flight` and `rate_factor` are asked at each scrape."""
        self._of(vendor).in_flight.set_function(in_flight)
        self._of(vendor).rate_factor.set_function(rate_factor)

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
            case LimiterAsked() | SlotsForfeited() | LimiterDegraded() | LimiterRestored():
                self._shared(event)
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

    def _shared(self, event: LimiterAsked | SlotsForfeited | LimiterDegraded | LimiterRestored) -> None:
        """Of a limit that tasks share; a vendor may have several."""
        series = self._of(event.vendor)
        match event:
            case LimiterAsked(answer=answer):
                series.limiter_calls(answer).inc()
            case SlotsForfeited(count=count):
                series.slots_forfeited.inc(count)
            case LimiterDegraded():
                series.limiter_degraded.inc()
            case LimiterRestored():
                series.limiter_degraded.dec()
            case _ as never:
                assert_never(never)

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
            case TableCallFailed():
                self._of(event.vendor).table_failures(event.feature).inc()
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
