"""Whether entries that share a limit say the same of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from worker.ops.finding import Finding, error
from worker.settings import Topology, VendorSettings

_SAME = ("rate", "guard", "burst", "adaptive", "share", "pool")  # a limit has one of each, whoever names it


def shared_limits(topology: Topology) -> Iterator[Finding]:
    """Compare each entry with the first that names the same limit."""
    first: dict[str, str] = {}
    for name, entry in topology.vendors.items():
        if entry.limit_key is not None:
            other = first.setdefault(entry.limit_key, name)
            yield from _differences(name, entry, other, topology.vendors[other])


def _differences(name: str, entry: VendorSettings, other: str, settings: VendorSettings) -> Iterator[Finding]:
    for key in _SAME:
        ours, theirs = getattr(entry, key), getattr(settings, key)
        if ours != theirs:
            yield error(
                f"[vendors.{name}] limit_key",
                f'[vendors.{other}] has the same, "{entry.limit_key}", and the one limit would have two of {key}: '
                f"{_text(theirs)} there, {_text(ours)} here",
                f"write the same {key} in both, or another limit_key here",
            )


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
