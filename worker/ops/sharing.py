"""Whether tasks can keep an entry's limits together."""

from __future__ import annotations

from collections.abc import Iterator

from worker.model.pacing import LONGEST
from worker.model.rate import Rate
from worker.ops.finding import Finding, error, warning
from worker.settings import Topology, VendorSettings


def sharing(place: str, entry: VendorSettings, topology: Topology) -> Iterator[Finding]:
    """Name what the state table is needed for; `place` is the entry's table."""
    yield from _of_each_key(place, entry, topology.pools[entry.pool].max_tasks)
    if topology.sluice.table or entry.rate is None:
        return
    if entry.share == "fleet":
        yield error(
            f"{place} share",
            '"fleet" reserves send times in the state table',
            'write [sluice] table = true; or share = "split", or "one" and run one task',
        )
    if long := _long(entry.rate):
        yield error(
            f"{place} rate",
            f"{long}: windows above a minute are counted in the state table, or each restart would begin them anew",
            "write [sluice] table = true",
        )


def _of_each_key(place: str, entry: VendorSettings, tasks: int) -> Iterator[Finding]:
    if entry.rate_per_key is not None and entry.share != "one" and tasks > 1:
        yield warning(
            f"{place} rate_per_key",
            f"each task keeps it by itself: {tasks} of them may together send {tasks} times as much to one key",
            f'write one task\'s part of it, or share = "one", or max_tasks = 1 in [pools.{entry.pool}]',
        )


def _long(rate: Rate) -> str:
    return ", ".join(str(window) for window in rate.windows if window.seconds > LONGEST)
