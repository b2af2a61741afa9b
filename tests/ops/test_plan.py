"""`sluice plan`: tasks, time and what binds, by arithmetic that can be done again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.model.errors import ConfigurationError
from worker.model.scaling import LEAD
from worker.ops.load import Load, each, spread
from worker.ops.plan import Plan, VendorPlan, plan
from worker.ops.plantable import as_json, as_table
from worker.ops.prices import Prices
from worker.settings import Topology

PRICES = Prices.load()


def topology(pools: dict[str, Any] | None = None, **vendors: dict[str, Any]) -> Topology:
    return Topology.model_validate(
        {
            "sluice": {"name": "m", "table": True},
            "vendors": {name: {"adapter": "echo", "concurrency": 20, **entry} for name, entry in vendors.items()},
            "pools": pools or {"default": {"max_tasks": 10}},
        }
    )


def planned(wanted: Topology, rate: float = 0.0, backlog: float = 0.0, seconds: float = 2.0) -> Plan:
    names = wanted.vendors
    load = Load(dict.fromkeys(names, rate), dict.fromkeys(names, backlog), dict.fromkeys(names, seconds))
    return plan(wanted, load, PRICES)


def foo(wanted: Topology, rate: float = 0.0, backlog: float = 0.0, seconds: float = 2.0) -> VendorPlan:
    return planned(wanted, rate, backlog, seconds).vendors[0]


def test_a_load_needs_places_for_what_is_in_the_air() -> None:
    """25/s of 2 s are 50 requests at once: three tasks of 20, that could send 30/s."""
    found = foo(topology(foo={}), rate=25)
    assert (found.tasks, found.sends, found.bound_by) == (3, 30.0, "")


def test_nothing_needs_nothing() -> None:
    """From zero: no task."""
    found = foo(topology(foo={"rate": "80/s"}))
    assert (found.tasks, found.backlog_tasks, found.drain_seconds, found.backlog_bound_by) == (0, 0, 0.0, "")


def test_what_the_vendor_does_not_take_is_told() -> None:
    """The limit less what its guard costs; no task more than reach it."""
    found = foo(topology(foo={"rate": "80/s", "guard": "0.25s"}), rate=100)
    assert (found.limit_per_second, found.tasks, found.sends, found.bound_by) == (64.0, 8, 64.0, "vendor limit")


def test_a_fleet_s_limit_is_what_it_reserves() -> None:
    """As docs/limits.md says: 89.5 % of limit ÷ (window + guard) of 80/s."""
    found = foo(topology(foo={"rate": "80/s", "share": "fleet"}))
    assert found.limit_per_second == pytest.approx(0.895 * 80 / 1.02, abs=0.1)


def test_a_vendor_that_takes_many_at_once_needs_fewer() -> None:
    """Ten in a request: 250/s are as 25/s, and ten times its limit is sent."""
    entry = {"options": {"batch": 10}, "rate": "80/s", "guard": "0.25s"}
    found = foo(topology(foo=entry), rate=250, backlog=0)
    assert (found.tasks, found.sends, found.limit_per_second) == (3, 300.0, 640.0)


def test_too_few_tasks_are_told() -> None:
    """Two may run, and send 20/s."""
    found = foo(topology({"default": {"max_tasks": 2}}, foo={"rate": "80/s"}), rate=50)
    assert (found.tasks, found.sends, found.bound_by) == (2, 20.0, "cap")


def test_a_backlog_is_drained_beside_the_load() -> None:
    """10,000 messages at 50/s, of which 10/s are the load's: 250 s, from when the tasks work."""
    entry = {"scaling": {"latency_goal": f"{LEAD + 200:.0f}s"}}
    found = foo(topology(foo=entry), rate=10, backlog=10_000)
    assert (found.backlog_tasks, found.drain_seconds, found.backlog_bound_by) == (5, LEAD + 250, "goal")


def test_a_backlog_that_the_vendor_bounds() -> None:
    """A million at 64/s."""
    found = foo(topology(foo={"rate": "80/s", "guard": "0.25s"}), backlog=1_000_000)
    assert (found.backlog_tasks, found.drain_seconds, found.backlog_bound_by) == (8, LEAD + 15_625, "vendor limit")


def test_a_backlog_that_grows_never_ends() -> None:
    """More comes than is sent."""
    found = foo(topology({"default": {"max_tasks": 1}}, foo={}), rate=10, backlog=5)
    assert (found.drain_seconds, found.backlog_bound_by) == (None, "goal")


def test_a_paused_vendor_sends_nothing() -> None:
    """Its load and its backlog wait."""
    found = foo(topology(foo={"paused": True}), rate=1, backlog=5)
    assert (found.tasks, found.bound_by, found.drain_seconds, found.note) == (
        0,
        "paused",
        None,
        "paused: nothing is sent",
    )


def test_a_goal_that_no_start_can_meet_is_told() -> None:
    """From no task it takes longer."""
    assert "240 s" in foo(topology(foo={"scaling": {"latency_goal": "1min"}})).note


def test_what_is_not_said_is_assumed() -> None:
    """A tenth of the timeout."""
    found = foo(topology(foo={"timeout": "30s"}), seconds=0.0)
    assert (found.request_seconds, found.is_assumed) == (3.0, True)


def test_a_pool_needs_the_most_of_its_vendors() -> None:
    """Each task runs all of them."""
    pools = {"default": {"max_tasks": 10}, "slow": {"max_tasks": 5}, "empty": {}}
    found = planned(topology(pools, a={}, b={"concurrency": 10}, c={"pool": "slow"}), rate=25, backlog=100_000)
    assert [(pool.pool, pool.tasks, pool.backlog_tasks) for pool in found.pools] == [("default", 5, 10), ("slow", 3, 5)]


def test_a_load_is_spread() -> None:
    """What is said of no vendor is shared by those of whom nothing is said; names are folded."""
    wanted = topology(**{"foo-a": {}, "b": {}, "c": {}})
    assert spread([("", 8.0), ("FOO_A", 5.0), ("", 2.0)], wanted) == {"foo-a": 5.0, "b": 5.0, "c": 5.0}
    assert spread([("", 8.0), ("foo-a", 1.0), ("b", 1.0), ("c", 2.0)], wanted) == {"foo-a": 1.0, "b": 1.0, "c": 2.0}
    assert each([("", 0.3), ("b", 2.0)], wanted) == {"foo-a": 0.3, "b": 2.0, "c": 0.3}


def test_a_vendor_that_there_is_not_is_named() -> None:
    """With the nearest."""
    with pytest.raises(ConfigurationError, match="fo"):
        spread([("fo", 1.0)], topology(foo={}))


def test_people_read_what_binds_and_the_bill() -> None:
    """A row for each vendor and pool, a sentence for what is noteworthy, a line for each cost."""
    text = as_table(planned(topology(foo={"rate": "80/s"}), rate=100, backlog=1000))
    assert "foo: of 100/s only 78.4/s are sent, the vendor's limit binds" in text
    assert "foo: its backlog never ends, the vendor's limit binds" in text
    row = next(line for line in text.splitlines() if line.startswith("foo "))
    assert row.split() == ["foo", "default", "100/s", "80/s", "78.4/s", "2", "s", "8", "1,000", "2"]
    assert "Fargate, on demand" in text
    assert PRICES.date in text


def test_people_read_when_a_backlog_ends() -> None:
    """In hours, minutes and seconds."""
    text = as_table(planned(topology(foo={"scaling": {"latency_goal": "1h"}}), backlog=30_000))
    assert "foo: its backlog ends within 0:54:00, more tasks would be faster, but its goal needs no more" in text


def test_programs_read_all_of_it() -> None:
    """By the names of the fields; the sums, too."""
    found = planned(topology(foo={"rate": "80/s"}), rate=10)
    told = json.loads(as_json(found))
    assert told["vendors"][0]["tasks"] == 1
    assert told["load_dollars"] == pytest.approx(sum(line["load"] for line in told["costs"]))
