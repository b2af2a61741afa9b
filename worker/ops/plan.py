"""What a topology needs for a load: tasks, time to drain, what binds; arithmetic, no AWS."""

from __future__ import annotations

import math
from dataclasses import dataclass

from worker.model.pacing import pacing
from worker.model.rate import Rate
from worker.model.scaling import LEAD, Sight, Terms, required_tasks, useful_tasks
from worker.ops.costs import Cost, costs
from worker.ops.load import Load
from worker.ops.prices import Prices
from worker.ops.terms import terms_of, whole_rate
from worker.settings import Topology, VendorSettings

_GUESS = 10  # as scaling has it


@dataclass(frozen=True, slots=True)
class VendorPlan:
    """One vendor's; rates in messages per second."""

    vendor: str
    pool: str
    load: float
    limit: str  # its windows; "": none
    limit_per_second: float | None  # what the fleet can send of it; None: it has none
    request_seconds: float
    is_assumed: bool  # nobody said how long a request takes: a tenth of its timeout
    tasks: int  # for the load
    sends: float  # what those can send
    bound_by: str  # what keeps the load from being sent; "": nothing
    backlog: float
    backlog_tasks: int
    drain_seconds: float | None  # with the load coming in, from no task on; None: never
    backlog_bound_by: str  # why no faster: goal, vendor limit, cap, paused; "": there is none
    note: str


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """Tasks of one pool: the most that one of its vendors needs."""

    pool: str
    tasks: int
    backlog_tasks: int
    max_tasks: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it; costs in US dollars a month of 730 hours."""

    name: str
    vendors: tuple[VendorPlan, ...]
    pools: tuple[PoolPlan, ...]
    costs: tuple[Cost, ...]
    region: str
    prices_of: str


def plan(topology: Topology, load: Load, prices: Prices) -> Plan:
    """Plan; the topology as it is on ECS, with the fleet's limit shared there."""
    vendors = tuple(_vendor(name, topology, load) for name in topology.vendors)
    pools = tuple(
        PoolPlan(name, max(one.tasks for one in own), max(one.backlog_tasks for one in own), pool.max_tasks)
        for name, pool in topology.pools.items()
        if (own := [one for one in vendors if one.pool == name])
    )
    running = {pool.pool: pool.tasks for pool in pools}
    sent = {one.vendor: min(one.load, one.sends) for one in vendors}
    busy = {one.vendor for one in vendors if one.load and one.load >= one.sends}
    lines = costs(topology, prices, tasks=running, sent=sent, busy=busy)
    return Plan(topology.sluice.name, vendors, pools, lines, prices.region, prices.date)


def _vendor(name: str, topology: Topology, load: Load) -> VendorPlan:
    entry, terms = topology.vendors[name], terms_of(topology, name)
    rate, most = whole_rate(entry), topology.pools[entry.pool].max_tasks
    seconds = load.seconds.get(name) or terms.timeout / _GUESS
    usable = _usable(rate, entry, most, terms.batch)
    coming, waiting = load.per_second.get(name, 0.0), load.backlog.get(name, 0.0)
    tasks = 0 if terms.paused else _steady(coming, terms, seconds, most)
    one = terms.concurrency * terms.batch / seconds
    sends = min(tasks * one, math.inf if usable is None else usable)
    need = required_tasks(terms, Sight(math.ceil(waiting), request_seconds=seconds), max_tasks=most)
    draining = min(max(tasks, need.tasks) * one, math.inf if usable is None else usable)
    return VendorPlan(
        vendor=name,
        pool=entry.pool,
        load=coming,
        limit=str(rate) if rate else "",
        limit_per_second=usable,
        request_seconds=seconds,
        is_assumed=not load.seconds.get(name),
        tasks=tasks,
        sends=sends,
        bound_by=_bound(coming, sends, usable, terms),
        backlog=waiting,
        backlog_tasks=need.tasks,
        drain_seconds=_drained(waiting, draining - coming),
        backlog_bound_by=_slow(need.why, draining, usable) if waiting else "",
        note=_note(terms),
    )


def _usable(rate: Rate | None, entry: VendorSettings, max_tasks: int, batch: int) -> float | None:
    """Messages per second that a fleet sends of its limit."""
    if rate is None:
        return None
    guard = entry.guard.total_seconds()
    if entry.share == "fleet":
        return batch / pacing(rate, guard=guard, max_tasks=max_tasks).spacing
    return batch * min(window.limit / (window.seconds + guard) for window in rate.windows)


def _steady(coming: float, terms: Terms, seconds: float, max_tasks: int) -> int:
    """As many as have places for the requests that are in the air all the time."""
    if not coming:
        return 0
    useful = useful_tasks(terms, Sight(0, request_seconds=seconds))
    wanted = max(1, math.ceil(coming / terms.batch * seconds / terms.concurrency - 1e-9))
    return min(wanted, max_tasks, wanted if useful is None else useful)


def _bound(coming: float, sends: float, usable: float | None, terms: Terms) -> str:
    if coming <= sends:
        return ""
    if terms.paused:
        return "paused"
    return "vendor limit" if usable is not None and sends >= usable else "cap"


def _slow(why: str, draining: float, usable: float | None) -> str:
    if usable is not None and draining >= usable:
        return "vendor limit"
    return "goal" if why == "backlog" else why


def _drained(waiting: float, net: float) -> float | None:
    if not waiting:
        return 0.0
    return LEAD + waiting / net if net > 0 else None


def _note(terms: Terms) -> str:
    if terms.paused:
        return "paused: nothing is sent"
    if terms.latency_goal < LEAD:
        return f"its goal is shorter than a start from no task, up to {LEAD:.0f} s"
    return ""
