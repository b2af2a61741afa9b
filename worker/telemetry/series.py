"""One vendor's metrics, its labels bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from worker.telemetry.families import Families
from worker.telemetry.fate import Fate


@dataclass(frozen=True, slots=True)
class Series:
    """What `Families` names, for one vendor; calls are by operation."""

    received: Counter
    fates: Mapping[Fate, Counter]
    in_flight: Gauge
    delivery: Histogram
    permit_wait: Histogram
    age: Histogram
    sqs_calls: Callable[[str], Counter]
    aws_failures: Callable[[str], Counter]
    throttles: Counter
    gate_closed: Gauge
    leases_lost: Counter
    adapter_failures: Counter
    crashes: Counter

    @classmethod
    def of(cls, vendor: str, families: Families) -> Series:
        """Bind every label that is known beforehand."""
        return cls(
            received=families.received.labels(vendor),
            fates={fate: counter.labels(vendor) for fate, counter in families.fates.items()},
            in_flight=families.in_flight.labels(vendor),
            delivery=families.delivery.labels(vendor),
            permit_wait=families.permit_wait.labels(vendor),
            age=families.age.labels(vendor),
            sqs_calls=_by_operation(families.sqs_calls, vendor),
            aws_failures=_by_operation(families.aws_failures, vendor),
            throttles=families.throttles.labels(vendor),
            gate_closed=families.gate_closed.labels(vendor),
            leases_lost=families.leases_lost.labels(vendor),
            adapter_failures=families.adapter_failures.labels(vendor),
            crashes=families.crashes.labels(vendor),
        )


def _by_operation(family: Counter, vendor: str) -> Callable[[str], Counter]:
    @cache
    def bound(operation: str) -> Counter:
        return family.labels(vendor, operation)

    return bound
