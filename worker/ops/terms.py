"""What a topology says of a vendor, as scaling takes it."""

from __future__ import annotations

from worker.model.naming import parse_naming
from worker.model.rate import Rate
from worker.model.scaling import Terms
from worker.ops.traits import traits_of
from worker.settings import Topology, VendorSettings


def terms_of(topology: Topology, name: str) -> Terms:
    """One vendor's; builds its adapter, and raises ConfigurationError where that cannot be."""
    vendor, rate = topology.vendors[name], whole_rate(topology.vendors[name])
    return Terms(
        concurrency=max(1, topology.concurrency(name)),  # 0 is what `check` refuses
        latency_goal=vendor.scaling.latency_goal.total_seconds(),
        timeout=vendor.timeout.total_seconds(),
        per_second=rate.per_second if rate else None,
        batch=traits_of(topology, name).batch.size,
        paused=vendor.paused,
    )


def whole_rate(vendor: VendorSettings) -> Rate | None:
    """The limit of all that is sent; one for each value of a payload field is none for all of them together."""
    if vendor.limit_key and parse_naming("limit_key", vendor.limit_key).has_fields:
        return None
    return vendor.rate
