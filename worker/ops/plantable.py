"""A plan, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta

from worker.ops.costs import HOURS, Cost
from worker.ops.plan import Plan, PoolPlan, VendorPlan
from worker.ops.table import columns

_VENDORS = ("vendor", "pool", "load", "limit", "at most", "a request", "tasks", "backlog", "tasks for it")
_WITHOUT_BACKLOG = len(_VENDORS) - 2
_WHY: Mapping[str, str] = {
    "vendor limit": "the vendor's limit binds: more tasks would not help, quota would",
    "cap": "max_tasks binds",
    "goal": "more tasks would be faster, but its goal needs no more",
    "paused": "it is paused",
}


def as_json(planned: Plan) -> str:
    """For programs."""
    idle, loaded = totals(planned.costs)
    return json.dumps({**asdict(planned), "idle_dollars": idle, "load_dollars": loaded}, indent=2)


def totals(lines: Sequence[Cost]) -> tuple[float, float]:
    """Idle and at the load."""
    return sum(line.idle for line in lines), sum(line.load for line in lines)


def as_table(planned: Plan) -> str:
    """For people."""
    parts = [
        _vendors(planned.vendors),
        columns([("pool", "tasks", "for the backlog", "max_tasks"), *map(_pool_row, planned.pools)]),
        "\n".join(line for one in planned.vendors for line in _sentences(one)),
        columns([("dollars a month", "idle", "load", "of the load"), *_cost_rows(planned.costs)]),
        _prices(planned),
    ]
    return "\n\n".join(part for part in parts if part)


def _vendors(vendors: Sequence[VendorPlan]) -> str:
    """Within 80 columns, as far as names allow: what no vendor has is left out."""
    shown = len(_VENDORS) if any(one.backlog for one in vendors) else _WITHOUT_BACKLOG
    return columns([row[:shown] for row in (_VENDORS, *map(_row, vendors))])


def _prices(planned: Plan) -> str:
    return (
        f"List prices of {planned.region}, {planned.prices_of}; a month has {HOURS} hours.\n"
        "Data to the internet, taxes and free tiers are left out."
    )


def _row(one: VendorPlan) -> tuple[str, ...]:
    return (
        one.vendor,
        one.pool,
        f"{one.load:.3g}/s",
        one.limit or "–",
        "–" if one.limit_per_second is None else f"{one.limit_per_second:.3g}/s",
        f"{one.request_seconds:.3g} s" + (" (assumed)" if one.is_assumed else ""),
        str(one.tasks),
        f"{one.backlog:,.0f}",
        str(one.backlog_tasks),
    )


def _pool_row(one: PoolPlan) -> tuple[str, ...]:
    return one.pool, str(one.tasks), str(one.backlog_tasks), str(one.max_tasks)


def _sentences(one: VendorPlan) -> list[str]:
    found = []
    if one.bound_by:
        found.append(f"{one.vendor}: of {one.load:.3g}/s only {one.sends:.3g}/s are sent, {_WHY[one.bound_by]}")
    if one.backlog and one.drain_seconds is None:
        found.append(f"{one.vendor}: its backlog never ends, {_WHY.get(one.backlog_bound_by, one.backlog_bound_by)}")
    elif one.backlog and one.drain_seconds is not None:
        took = timedelta(seconds=round(one.drain_seconds))
        found.append(f"{one.vendor}: its backlog ends within {took}, {_WHY[one.backlog_bound_by]}")
    if one.note:
        found.append(f"{one.vendor}: {one.note}")
    return found


def _cost_rows(lines: Sequence[Cost]) -> list[tuple[str, ...]]:
    idle, loaded = totals(lines)
    rows = [(line.name, f"{line.idle:.2f}", f"{line.load:.2f}", line.how) for line in lines]
    return [*rows, ("together", f"{idle:.2f}", f"{loaded:.2f}", "")]
