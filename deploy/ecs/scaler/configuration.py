"""What the scaler has to know of a topology: the value of its variable SCALER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from worker.model.names import Names
from worker.ops.terms import terms_of
from worker.settings import Topology


def scaler_configuration(topology: Topology, queue_urls: Mapping[str, str]) -> dict[str, Any]:
    """Plain values, to be written as JSON; `queue_urls` by vendor, and they may be tokens of the CDK.

    `{"namespace": …, "table": …, "pools": {pool: {"max_tasks": n, "vendors": {vendor: …}}}}`, where a vendor is
    `{"queue_url": …, "terms": {…}}` with `worker.model.scaling.Terms`'s fields. Pools without vendors are left out.
    """
    names, pools = Names(topology.sluice.name), dict[str, Any]()
    for name, vendor in topology.vendors.items():
        pool = pools.setdefault(vendor.pool, {"max_tasks": topology.pools[vendor.pool].max_tasks, "vendors": {}})
        pool["vendors"][name] = {"queue_url": queue_urls[name], "terms": asdict(terms_of(topology, name))}
    return {"namespace": names.metrics, "table": names.table, "pools": pools}
