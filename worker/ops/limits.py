"""How the vendors stand with their limits: over all tasks, or the one worker on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from worker.aws.limititem import limit_of_key, limit_of_vendor
from worker.aws.reports import TableReports
from worker.aws.reservations import TableReservations
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.model.errors import UnavailableError
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.naming import parse_naming
from worker.model.reservation import LimitState
from worker.model.task import Standing
from worker.ops.probe import live_url, probe
from worker.ops.table import columns
from worker.ports import Clock
from worker.settings import Topology, VendorSettings

_HEAD = ("vendor", "used", "now", "tasks", "waiting", "ahead", "why it waits")
_FULL = 0.9  # of a window: then the limit is what is waited for


@dataclass(frozen=True, slots=True)
class VendorStanding:
    """One vendor's, all its tasks together."""

    vendor: str
    windows: tuple[str, ...]
    used: tuple[int | None, ...]  # requests in the last window, in the order of the windows; None: not known
    per_second: float | None  # what may be sent now; None: no limit, or one for each value of a field
    tasks: int
    waiting: int
    sending: int
    ahead: int  # send times that are reserved and not used yet
    cooldown_seconds: float
    degraded: int  # tasks that keep to their safe share
    why: str


async def live_limits(topology: Topology, vendors: Sequence[str], aws: Aws, clock: Clock) -> Sequence[VendorStanding]:
    """Ask the state table; raises UnavailableError or RefusedError."""
    table = await StateTable.open(aws, Names(topology.sluice.name).table, clock)
    reports = TableReports(table, clock)
    standings = []
    for name in vendors:
        settings = topology.vendors[name]
        told = [report.standing for report in await reports.of(VendorName(name))]
        state = await _state(table, name, settings, clock)
        standings.append(_summed(name, settings, told, state, clock.now().timestamp()))
    return standings


async def local_limits(topology: Topology, vendors: Sequence[str]) -> Sequence[VendorStanding]:
    """Ask the worker on this machine; raises UnavailableError where none answers, ConfigurationError."""
    url = live_url(topology).removesuffix("/live") + "/limits"
    answer = await probe(url)
    if not answer.ok:
        raise UnavailableError(f"{answer.text}; without [sluice] table only a worker on this machine can be asked")
    told = json.loads(answer.text.partition(" ")[2])
    return [
        _summed(name, topology.vendors[name], [Standing.load(told[name])] if name in told else [], None, 0.0)
        for name in vendors
    ]


async def _state(table: StateTable, name: str, settings: VendorSettings, clock: Clock) -> LimitState | None:
    """What the fleet shares, if it does: what `share` is by default here says nothing of tasks on ECS."""
    key = settings.limit_key
    if settings.rate is None or (key and parse_naming("limit_key", key).has_fields):
        return None
    place = limit_of_vendor(VendorName(name)) if key is None else limit_of_key(key)
    return await TableReservations(table, place, clock).state()


def _summed(
    name: str, settings: VendorSettings, told: Sequence[Standing], state: LimitState | None, now: float
) -> VendorStanding:
    windows = settings.rate.windows if settings.rate else ()
    rates = [standing.per_second for standing in told if standing.per_second is not None]
    cooldowns = [standing.closed_seconds for standing in told]
    if state and state.closed_until:
        cooldowns.append(max(0.0, state.closed_until - now))
    used = tuple(_used(place, window.seconds, told, state) for place, window in enumerate(windows))
    return VendorStanding(
        vendor=name,
        windows=tuple(map(str, windows)),
        used=used,
        per_second=sum(rates) if rates else None,
        tasks=len(told),
        waiting=sum(standing.waiting for standing in told),
        sending=sum(standing.sending for standing in told),
        ahead=sum(standing.ahead for standing in told),
        cooldown_seconds=max(cooldowns, default=0.0),
        degraded=sum(standing.degraded for standing in told),
        why=_why(settings, told, max(cooldowns, default=0.0), used),
    )


def _used(place: int, seconds: float, told: Sequence[Standing], state: LimitState | None) -> int | None:
    if state and seconds in state.used:
        return state.used[seconds]
    counts = [standing.used[place] for standing in told if place < len(standing.used)]
    return sum(counts) if counts else None


def _why(settings: VendorSettings, told: Sequence[Standing], cooldown: float, used: Sequence[int | None]) -> str:
    closed = next((standing.closed for standing in told if standing.closed), "")
    windows = settings.rate.windows if settings.rate else ()
    if not told:
        return "no task reports"
    if closed or cooldown:
        return f"{closed or 'throttled'}, {cooldown:.0f} s to the next probe" if cooldown else closed
    if any(standing.degraded for standing in told):
        return "the state table is away: safe share"
    if all(standing.waits_for for standing in told):
        return told[0].waits_for
    if not any(standing.waiting for standing in told):
        return "nothing waits"
    for window, count in zip(windows, used, strict=True):
        if count is not None and count >= _FULL * window.limit:
            return f"its limit, {window}"
    if sum(standing.sending for standing in told) >= settings.concurrency * len(told):
        return "its connections are all in use"
    return "its turn"


def as_json(standings: Sequence[VendorStanding]) -> str:
    """For programs."""
    told: Mapping[str, Any] = {standing.vendor: asdict(standing) for standing in standings}
    return json.dumps(told, indent=2)


def as_table(standings: Sequence[VendorStanding]) -> str:
    """For people."""
    return columns([_HEAD, *map(_row, standings)])


def _row(standing: VendorStanding) -> tuple[str, ...]:
    pairs = zip(standing.used, standing.windows, strict=True)
    return (
        standing.vendor,
        ", ".join(f"{'?' if count is None else count} of {window}" for count, window in pairs) or "–",
        "–" if standing.per_second is None else f"{standing.per_second:.3g}/s",
        str(standing.tasks),
        str(standing.waiting),
        str(standing.ahead),
        standing.why,
    )
