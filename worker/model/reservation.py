"""What tasks ask and tell of a limit that the fleet shares. Instants are seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.model.rate import Window


@dataclass(frozen=True, slots=True)
class Ask:
    """What a task wants of a limit that the fleet shares."""

    count: int  # send times, at least 1; fewer may be granted
    spacing: float  # seconds between two of the limit's send times, at its full rate; 0: only the quotas count
    earliest: float  # the first one's instant is not before this
    latest: float  # and not after this; without spacing all are used by then
    quotas: tuple[Window, ...] = ()  # windows above a minute
    guard: float = 0.0  # seconds by which each of them is stretched, with a slot's tolerance and what clocks differ
    probe: float = 3.0  # seconds for which who is given the probe keeps the others waiting, unless he says it has left


@dataclass(frozen=True, slots=True)
class Granted:
    """`count` send times from `first` on, `spacing` seconds apart (to a microsecond); one that is a probe is alone."""

    first: float  # seconds since 1970
    count: int
    spacing: float
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing now: ask again at `at`; `closed_until`: the vendor has said so to some task."""

    at: float
    closed_until: float | None = None


Reservation = Granted | Later


@dataclass(frozen=True, slots=True)
class Closed:
    """The vendor wants nothing before `until`; of several that say so the latest counts."""

    until: float


@dataclass(frozen=True, slots=True)
class Probing:
    """A probe has left: the others wait for its reply, until then at most."""

    until: float


@dataclass(frozen=True, slots=True)
class Reopened:
    """A probe came back well."""


@dataclass(frozen=True, slots=True)
class Slower:
    """A request that left at `sent_at` was throttled: the rate goes down, once for all that left before it did."""

    sent_at: float  # seconds since 1970


LimitNews = Closed | Probing | Reopened | Slower


@dataclass(frozen=True, slots=True)
class LimitState:
    """What the fleet knows of a limit."""

    next: float = 0.0  # the first free send time
    closed_until: float | None = None  # None: open
    factor: float = 1.0  # of the adaptive rate, now
    used: Mapping[float, int] = field(default_factory=dict)  # of each window above a minute, by its seconds
