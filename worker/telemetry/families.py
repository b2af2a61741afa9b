"""The metrics that Sluice has: names, units and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from worker.telemetry.fate import Fate

_HELP = {
    Fate.DELIVERED: "Messages that the vendor took and SQS deleted.",
    Fate.RETRIED: "Messages that failed and come back.",
    Fate.THROTTLED: "Messages that come back when the vendor wants more.",
    Fate.BLOCKED: "Messages that come back when somebody has acted: credentials, billing, permission.",
    Fate.CONTINUED: "Rounds of long jobs that go on as a new message.",
    Fate.BURIED: "Messages moved to the dead-letter queue.",
    Fate.HANDED_BACK: "Messages given back to SQS unsent.",
}
_REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WAIT_SECONDS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0)
_AGE_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Families:
    """Each metric before its labels are bound."""

    received: Counter
    fates: Mapping[Fate, Counter]
    in_flight: Gauge
    delivery: Histogram
    permit_wait: Histogram
    age: Histogram
    sqs_calls: Counter
    aws_failures: Counter
    table_failures: Counter
    throttles: Counter
    gate_closed: Gauge
    rate_factor: Gauge
    limiter_degraded: Gauge
    limiter_calls: Counter
    slots_forfeited: Counter
    leases_lost: Counter
    adapter_failures: Counter
    crashes: Counter

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Families:
        """Make all of them in `registry`."""
        make = _Maker(registry)
        return cls(
            received=make.counter("messages_received", "Messages received from SQS."),
            fates={fate: make.counter(f"messages_{fate}", text) for fate, text in _HELP.items()},
            in_flight=make.gauge("messages_in_flight", "Messages held now: from the receive to the confirmed settle."),
            delivery=make.histogram("delivery_seconds", "Duration of vendor requests.", _REQUEST_SECONDS),
            permit_wait=make.histogram("permit_wait_seconds", "Wait of an idle receiver for permits.", _WAIT_SECONDS),
            age=make.histogram("message_age_seconds", "Age of messages when delivered.", _AGE_SECONDS),
            sqs_calls=make.counter("sqs_calls", "SQS requests made, each try counted.", "operation"),
            aws_failures=make.counter("aws_call_failures", "AWS calls that failed and are tried again.", "operation"),
            table_failures=make.counter(
                "table_call_failures", "Times that a feature went on without the state table for a while.", "feature"
            ),
            throttles=make.counter("throttle_answers", "Answers of the vendor that it wants less."),
            gate_closed=make.gauge("gate_closed", "1 while nothing is sent to the vendor, else 0."),
            rate_factor=make.gauge("rate_factor", "What the adaptive rate leaves of the configured one: 1 is all."),
            limiter_degraded=make.gauge(
                "limiter_degraded", "Limits of which the safe share alone is sent, for the state table is away."
            ),
            limiter_calls=make.counter(
                "limiter_calls", "Calls of the state table about a limit that tasks share.", "answer"
            ),
            slots_forfeited=make.counter("slots_forfeited", "Reserved send times that were not used in time."),
            leases_lost=make.counter("leases_lost", "Messages whose visibility ended while they were held."),
            adapter_failures=make.counter("adapter_failures", "Errors raised by the adapter itself."),
            crashes=make.counter("pipeline_crashes", "Ends of the pipeline by an error; it starts again."),
        )


@dataclass(frozen=True, slots=True)
class _Maker:
    registry: CollectorRegistry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"sluice_{name}", text, ("vendor", *labels), registry=self.registry)

    def gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"sluice_{name}", text, ("vendor",), registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"sluice_{name}", text, ("vendor",), registry=self.registry, buckets=buckets)
