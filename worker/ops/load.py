"""A load to plan for: what comes to each vendor's queue, what waits there, how long a request takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.model.errors import ConfigurationError
from worker.settings import Topology
from worker.settings.names import fold, nearest

Said = Sequence[tuple[str, float]]  # the vendor it is said of, or "" for those of whom nothing is said; and the number


@dataclass(frozen=True, slots=True)
class Load:
    """By vendor; what is not there is 0."""

    per_second: Mapping[str, float] = field(default_factory=dict)  # messages that come
    backlog: Mapping[str, float] = field(default_factory=dict)  # messages that wait
    seconds: Mapping[str, float] = field(default_factory=dict)  # of one request; 0: not known


def spread(said: Said, topology: Topology) -> dict[str, float]:
    """Numbers by vendor: what is said of no vendor is for all others together, in equal parts.

    Raises ConfigurationError for a vendor that there is not.
    """
    named = _named(said, topology)
    rest = [name for name in topology.vendors if name not in named]
    total = sum(number for name, number in said if not name)
    return {name: named.get(name, total / len(rest) if rest else 0.0) for name in topology.vendors}


def each(said: Said, topology: Topology) -> dict[str, float]:
    """Numbers by vendor: what is said of no vendor holds for each of the others; raises as `spread` does."""
    named = _named(said, topology)
    common = max((number for name, number in said if not name), default=0.0)
    return {name: named.get(name, common) for name in topology.vendors}


def _named(said: Said, topology: Topology) -> dict[str, float]:
    for name, _ in said:
        if name and fold(name) not in topology.vendors:
            raise ConfigurationError(f"there is no vendor {name}; {nearest(name, topology.vendors)}")
    return {fold(name): number for name, number in said if name}
