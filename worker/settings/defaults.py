"""`[defaults]`: what stands under every vendor."""

from __future__ import annotations

from typing import Any

from worker.settings.layers import Layers
from worker.settings.places import holds
from worker.settings.variables import Path, Tables

_MERGED = ("options", "scaling")  # tables that are merged key by key; all else is replaced


def under_defaults(merged: Tables) -> Tables:
    """Put `[defaults]` under each vendor. What is no table stays as it is: validation names it."""
    defaults, vendors, pools = merged.get("defaults", {}), merged.get("vendors", {}), merged.get("pools", {})
    if isinstance(vendors, dict) and isinstance(defaults, dict):
        vendors = {name: _over(defaults, entry) for name, entry in vendors.items()}
    return {
        **merged,
        "sluice": merged.get("sluice", {}),
        # any adapter: [defaults] need not name one, a vendor does
        "defaults": {"adapter": "echo", **defaults} if isinstance(defaults, dict) else defaults,
        "vendors": vendors,
        "pools": {"default": {}, **pools} if isinstance(pools, dict) else pools,
    }


def told_of_defaults(kind: str, path: Path, layers: Layers) -> bool:
    """Whether a vendor's mistake stands in `[defaults]`: it is told once, there."""
    match path:
        case ("vendors", name, *rest) if rest and kind != "missing":
            own = layers.merged["vendors"].get(name, {})
            return not holds(own, tuple(rest)) and holds(layers.merged.get("defaults", {}), tuple(rest))
        case _:
            return False


def _over(defaults: Tables, entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    both = {name: _deep(defaults[name], entry[name]) for name in _MERGED if name in defaults and name in entry}
    return {**defaults, **entry, **both}


def _deep(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{name: _deep(below.get(name), value) for name, value in above.items()}}
