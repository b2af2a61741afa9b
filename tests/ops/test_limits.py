"""`sluice limits`: what tasks reported and what the fleet shares, summed up, and why messages wait."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from worker.aws.limititem import limit_of_vendor
from worker.aws.reports import TableReports
from worker.aws.reservations import TableReservations
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.health import Watched, application
from worker.model.errors import UnavailableError
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.reservation import Closed
from worker.model.task import Standing, TaskReport
from worker.ops.limits import VendorStanding, as_json, as_table, live_limits, local_limits
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.settings import Topology
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals

FOO = VendorName("foo")


def topology(name: str = "m", *, table: bool = True, port: int = 8080, **entry: Any) -> Topology:
    return Topology.model_validate(
        {
            "sluice": {"name": name, "table": table, "health_port": port},
            "vendors": {"foo": {"adapter": "echo", "rate": "80/s", "share": "fleet", **entry}},
        }
    )


@asynccontextmanager
async def told(aws: Aws, wanted: Topology, *standings: Standing) -> AsyncIterator[StateTable]:
    """A live table in which so many tasks have reported."""
    await up(wanted, aws)
    clock = SystemClock()
    table = await StateTable.open(aws, Names(wanted.sluice.name).table, clock)
    at = datetime.now(UTC)
    await TableReports(table, clock).tell(
        [TaskReport(f"t{n}", FOO, 1, 0, 9.0, 0.1, "1", at, standing) for n, standing in enumerate(standings)]
    )
    yield table


async def limits(aws: Aws, wanted: Topology) -> VendorStanding:
    [standing] = await live_limits(wanted, ["foo"], aws, SystemClock())
    return standing


async def test_all_tasks_are_summed_up(aws: Aws, unique_name: str) -> None:
    """What each sent in the last window, may send now, has reserved and lets wait."""
    wanted = topology(unique_name)
    one = Standing(used=(38,), per_second=35.5, waiting=4, sending=2, ahead=9)
    async with told(aws, wanted, one, one):
        found = await limits(aws, wanted)
    assert (found.windows, found.used, found.per_second) == (("80/s",), (76,), 71.0)
    assert (found.tasks, found.waiting, found.sending, found.ahead) == (2, 8, 4, 18)
    assert found.why == "its limit, 80/s"


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (Standing(used=(3,)), "nothing waits"),
        (Standing(used=(3,), waiting=2), "its turn"),
        (Standing(used=(3,), waiting=2, sending=10), "its connections are all in use"),
        (Standing(used=(79,), waiting=2), "its limit, 80/s"),
        (Standing(used=(8,), waiting=2, degraded=True), "the state table is away: safe share"),
        (Standing(closed="paused"), "paused"),
        (Standing(waits_for="the state table"), "the state table"),
        (Standing(waiting=2, closed="blocked", closed_seconds=59.6), "blocked, 60 s to the next probe"),
    ],
)
async def test_why_messages_wait(aws: Aws, unique_name: str, standing: Standing, why: str) -> None:
    """The strongest reason is told."""
    wanted = topology(unique_name)
    async with told(aws, wanted, standing):
        assert (await limits(aws, wanted)).why == why


@pytest.mark.parametrize("share", ["fleet", "one"])
async def test_a_cooldown_of_the_fleet_is_told(aws: Aws, unique_name: str, share: str) -> None:
    """Another task was throttled: the shared item says until when; also where "one" is the default, as off ECS."""
    wanted, clock = topology(unique_name, share=share), SystemClock()
    async with told(aws, wanted, Standing(waiting=1)) as table:
        news = Closed(clock.now().timestamp() + 100)
        await TableReservations(table, limit_of_vendor(FOO), clock).tell(news)
        found = await limits(aws, wanted)
    assert 90 < found.cooldown_seconds <= 100
    assert found.why.startswith("throttled, ")


async def test_a_vendor_that_nobody_works_for_is_told(aws: Aws, unique_name: str) -> None:
    """No task has reported."""
    wanted = topology(unique_name)
    async with told(aws, wanted):
        found = await limits(aws, wanted)
    assert (found.tasks, found.used, found.per_second, found.why) == (0, (None,), None, "no task reports")


async def test_without_a_table_the_worker_here_is_asked() -> None:
    """By its health server."""
    watched = Watched(Vitals(["foo"], SystemClock()), Metrics())
    watched.standings["foo"] = lambda: Standing(used=(3,), per_second=80.0, sending=1)
    async with TestServer(application(watched), host="127.0.0.1") as server:
        [found] = await local_limits(topology(table=False, port=server.port or 0, share="one"), ["foo"])
    assert (found.used, found.per_second, found.tasks) == ((3,), 80.0, 1)


async def test_where_no_worker_answers_it_says_so() -> None:
    """And why only one here can be asked."""
    async with TestServer(web.Application(), host="127.0.0.1") as server:
        port = server.port or 0
    with pytest.raises(UnavailableError, match=r"without \[sluice\] table"):
        await local_limits(topology(table=False, port=port, share="one"), ["foo"])


async def test_it_is_read_by_people_and_by_programs(aws: Aws, unique_name: str) -> None:
    """A row for each vendor; JSON by vendor."""
    wanted = topology(unique_name, rate=["80/s", "5000/h"])
    async with told(aws, wanted, Standing(used=(38,), per_second=1.4)):
        found = await limits(aws, wanted)
    head, row = as_table([found]).splitlines()
    assert head.split()[:3] == ["vendor", "used", "now"]
    assert row.startswith("foo     38 of 80/s, ? of 5000/h  1.4/s")
    assert json.loads(as_json([found]))["foo"]["windows"] == ["80/s", "5000/h"]


def test_another_version_s_standing_is_read() -> None:
    """What it says more is left out, what it does not say is as if nothing were."""
    assert Standing.load({"used": [1, 2], "new": 9}) == Standing(used=(1, 2))
