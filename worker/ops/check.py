"""Checks a topology before it runs: builds every adapter, cross-checks the numbers; offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from worker.aws.changes import Change, Unchanged
from worker.aws.session import Aws
from worker.model.errors import ConfigurationError
from worker.ops.connections import connections
from worker.ops.fargate import task_sizes
from worker.ops.fields import payload_fields
from worker.ops.filters import policy_faults
from worker.ops.finding import Finding, error, warning
from worker.ops.lengths import name_lengths
from worker.ops.limitkeys import shared_limits
from worker.ops.numbers import stop_numbers, vendor_numbers
from worker.ops.report import Report
from worker.ops.sharing import sharing
from worker.ops.traits import context_of
from worker.ops.up import up
from worker.ports import Traits, Vendor, VendorContext
from worker.settings import Topology, VendorSettings
from worker.vendors.lib.adapters import build

Build = Callable[[str, Mapping[str, Any], VendorContext], Vendor[Any, Any, Any]]


def check(topology: Topology, adapters: Build = build) -> Report:
    """Check everything that can be known without AWS or a vendor."""
    vendors = (
        finding for name, entry in topology.vendors.items() for finding in _vendor(name, entry, topology, adapters)
    )
    whole = (*stop_numbers(topology), *name_lengths(topology), *shared_limits(topology), *task_sizes(topology))
    return Report(topology, (*whole, *vendors))


async def check_live(topology: Topology, aws: Aws) -> Report:
    """Check, and compare with what is live; changes nothing. Raises RefusedError or UnavailableError."""
    report = check(topology)
    if report.errors:
        return report
    differences = _differences(await up(topology, aws, mode="dry-run"))
    return Report(topology, (*report.findings, *differences))


def _vendor(name: str, entry: VendorSettings, topology: Topology, adapters: Build) -> Iterator[Finding]:
    place = f"[vendors.{name}]"
    yield from vendor_numbers(place, entry)
    yield from sharing(place, entry, topology)
    yield from _ledger(f"{place} dedup", entry, topology)
    yield from _filter(f"{place} filter", entry, topology)
    yield from connections(name, topology)
    yield from _adapter(place, name, topology, adapters)


def _ledger(place: str, entry: VendorSettings, topology: Topology) -> Iterator[Finding]:
    if entry.dedup in {"redelivery", "strict"} and not topology.sluice.table:
        yield error(place, f'"{entry.dedup}" keeps its ledger in the state table', "write [sluice] table = true")


def _filter(place: str, entry: VendorSettings, topology: Topology) -> Iterator[Finding]:
    if entry.filter is None:
        return
    for fault in policy_faults(entry.filter, entry.filter_scope):
        yield error(place, fault, 'write such as { target = ["FOO"] }, as SNS documents filter policies')
    if entry.filter_scope == "body" and topology.sluice.bucket:
        yield warning(
            place,
            "a body filter never matches a claim check: bodies above 256 KiB cannot be published to this topic",
            "filter by attributes, or write [sluice] bucket = false",
        )


def _adapter(place: str, name: str, topology: Topology, adapters: Build) -> Iterator[Finding]:
    entry = topology.vendors[name]
    try:
        vendor = adapters(entry.adapter, entry.options, context_of(topology, name))
    except ConfigurationError as fault:
        for line in str(fault).splitlines():
            yield error(f"{place} adapter", line, f"correct {place}, or the adapter")
        return
    yield from payload_fields(place, entry, getattr(vendor, "Payload", Any))
    if not hasattr(vendor, "traits"):
        yield error(f"{place} adapter", f"{entry.adapter} sets no traits", "see worker.ports.Traits")
    elif entry.rate_per_key is not None and vendor.traits.scope is Traits().scope:
        yield error(
            f"{place} rate_per_key", f"the adapter {entry.adapter} has no keys to count by", "leave it out: use rate"
        )


def _differences(changes: Sequence[Change]) -> Iterator[Finding]:
    for change in changes:
        if not isinstance(change, Unchanged):
            yield error(f"{change.kind} {change.name}", f"is not as the topology says: {change}", "run: sluice up")
