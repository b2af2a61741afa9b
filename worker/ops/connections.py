"""Whether a vendor's cap on requests at once leaves some for each task."""

from __future__ import annotations

from collections.abc import Iterator

from worker.ops.finding import Finding, error
from worker.settings import Topology


def connections(vendor: str, topology: Topology) -> Iterator[Finding]:
    """Check one entry: as many tasks may run as its pool says."""
    entry = topology.vendors[vendor]
    if topology.concurrency(vendor) < 1:
        tasks = topology.pools[entry.pool].max_tasks
        yield error(
            f"[vendors.{vendor}] max_connections",
            f"{entry.max_connections} for the fleet is less than one for each of its {tasks} tasks",
            f"write max_tasks = {entry.max_connections} in [pools.{entry.pool}], or give the entry a smaller pool",
        )
