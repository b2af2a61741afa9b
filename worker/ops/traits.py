"""What an entry's adapter is like, found without a network."""

from __future__ import annotations

from worker.model.errors import ConfigurationError
from worker.model.message import VendorName
from worker.ports import Traits, VendorContext
from worker.settings import Topology
from worker.vendors.lib.adapters import build


def traits_of(topology: Topology, name: str) -> Traits:
    """Build the adapter, which does no I/O, and ask it; raises ConfigurationError as `check` reports it."""
    entry = topology.vendors[name]
    return build(entry.adapter, entry.options, context_of(topology, name)).traits


def context_of(topology: Topology, name: str) -> VendorContext:
    """What an adapter is built with where nothing is sent: its secret is never read."""
    entry = topology.vendors[name]
    return VendorContext(
        name=VendorName(name),
        timeout=entry.timeout,
        connections=topology.concurrency(name),
        endpoint=entry.endpoint,
        secret=None if entry.secret is None else _unread,
    )


async def _unread(_name: str | None = None) -> str:
    raise ConfigurationError("nothing is sent here, and no secret read")
