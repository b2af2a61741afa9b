"""What an entry's adapter is like."""

from __future__ import annotations

from worker.model.errors import ConfigurationError
from worker.model.message import VendorName
from worker.ports import Traits, VendorContext
from worker.settings import Topology
from worker.vendors.lib.adapters import build


def traits_of(topology: Topology, name: str) -> Traits:
    """Build the adapter, which does no I/O, and ask it; raises ConfigurationError as `check` reports it."""
    entry = topology.vendors[name]
    context = VendorContext(
        name=VendorName(name),
        timeout=entry.timeout,
        connections=topology.concurrency(name),
        endpoint=entry.endpoint,
        secret=None if entry.secret is None else _unread,
    )
    return build(entry.adapter, entry.options, context).traits


async def _unread(_name: str | None = None) -> str:
    raise ConfigurationError("a plan reads no secrets")
