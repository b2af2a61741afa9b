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
    """What `Families` names, for one vendor; calls are by operation or answer, failures of the table by feature."""

    received: Counter
    fates: Mapping[Fate, Counter]
    in_flight: Gauge
    delivery: Histogram
    permit_wait: Histogram
    age: Histogram
    sqs_calls: Callable[[str], Counter]
    aws_failures: Callable[[str], Counter]
    table_failures: Callable[[str], Counter]
    throttles: Counter
    gate_closed: Gauge
    rate_factor: Gauge
    limiter_degraded: Gauge
    limiter_calls: Callable[[str], Counter]
    slots_forfeited: Counter
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
            sqs_calls=_by_label(families.sqs_calls, vendor),
            aws_failures=_by_label(families.aws_failures, vendor),
            table_failures=_by_label(families.table_failures, vendor),
            throttles=families.throttles.labels(vendor),
            gate_closed=families.gate_closed.labels(vendor),
            rate_factor=families.rate_factor.labels(vendor),
            limiter_degraded=families.limiter_degraded.labels(vendor),
            limiter_calls=_by_label(families.limiter_calls, vendor),
            slots_forfeited=families.slots_forfeited.labels(vendor),
            leases_lost=families.leases_lost.labels(vendor),
            adapter_failures=families.adapter_failures.labels(vendor),
            crashes=families.crashes.labels(vendor),
        )


def _by_label(family: Counter, vendor: str) -> Callable[[str], Counter]:
    @cache
    def bound(label: str) -> Counter:
        return family.labels(vendor, label)

    return bound
