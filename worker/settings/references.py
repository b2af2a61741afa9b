"""Names that are used twice, and names that stand for nothing."""

from __future__ import annotations

from worker.settings.layers import Layers
from worker.settings.names import fold, nearest
from worker.settings.places import Places
from worker.settings.variables import NAMED, Path, Tables, Variable


def same_names(layers: Layers, places: Places) -> list[str]:
    """Vendors or pools whose names differ only in what does not count."""
    return [
        f"{places.line((table, fold(first)))}: [{table}.{first}] and [{table}.{second}] are the same name: "
        "- and _ and upper and lower case are equal in names"
        for table, first, second in layers.twice
    ]


def strangers_of(layers: Layers) -> list[Variable]:
    """Variables and flags change the vendors of the file; they do not add any, or a misspelled one would."""
    return [
        variable
        for variable in layers.variables
        if variable.path[0] in NAMED
        and len(variable.path) > 1
        and variable.path[1] not in _names(layers.file, variable.path[0])
    ]


def unknown(variable: Variable, file: Tables) -> str:
    """Say that a variable or flag names no vendor or pool of the file."""
    table, name = variable.path[:2]
    return f"{variable.origin}: there is no [{table}.{name}]; {nearest(name, _names(file, table))}"


def without(entries: set[Path], merged: Tables) -> Tables:
    """All tables but these entries, (table, name)."""
    return {
        table: {name: entry for name, entry in value.items() if (table, name) not in entries}
        if isinstance(value, dict)
        else value
        for table, value in merged.items()
    }


def missing_pools(draft: Tables, places: Places) -> list[str]:
    """Vendors that run in a pool which no one defined; the pool "default" is always there."""
    vendors, pools = draft["vendors"], draft["pools"]
    if not (isinstance(vendors, dict) and isinstance(pools, dict)):
        return []
    wanted = {name: entry.get("pool") for name, entry in vendors.items() if isinstance(entry, dict)}
    return [
        f"{places.of(('vendors', name, 'pool'))}: there is no [pools.{pool}]; {nearest(pool, pools)}"
        for name, pool in wanted.items()
        if isinstance(pool, str) and fold(pool) not in pools
    ]


def _names(file: Tables, table: str) -> set[str]:
    entries = file.get(table, {})
    return {*(entries if isinstance(entries, dict) else ()), *(["default"] if table == "pools" else [])}
