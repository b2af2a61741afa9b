"""What a worker tells the state table of itself, and that it works without one."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta

from tests.e2e.deployment import HTTP, Deployment
from tests.e2e.program import PATIENCE
from worker import __version__
from worker.aws.reports import TableReports
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.task import TaskReport
from worker.pipeline.clock import SystemClock
from worker.ports import Reports

TASK = "cd189a933e5849daa93386466019ab50"
ON_ECS = {"ECS_CONTAINER_METADATA_URI_V4": f"http://169.254.170.2/v4/{TASK}-2495160603"}
FOO, BAR = VendorName("foo"), VendorName("bar")


async def told(reports: Reports, vendor: VendorName) -> TaskReport:
    """The one task's report, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await reports.of(vendor)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
    assert len(found) == 1
    return found[0]


async def test_a_task_reports_for_each_of_its_vendors(deployment: Deployment, aws: Aws, unique_name: str) -> None:
    """At once after its start, under ECS's id; a last time at its end: what it has seen, and nothing held."""
    table, clock = Names(unique_name).table, SystemClock()
    reports = TableReports(await StateTable.open(aws, table, clock), clock)
    async with hosted([SimulatedVendor(Behaviour(name)) for name in (FOO, BAR)]) as endpoints:
        deployment.write("".join(HTTP.format(vendor=name, url=endpoints[name]) for name in (FOO, BAR)), table=True)
        await deployment.up()
        worker = await deployment.start("run", **ON_ECS)
        first = [await told(reports, name) for name in (FOO, BAR)]
        assert first == [TaskReport(TASK, name, 0, 0, 0.0, 0.0, __version__, first[0].at) for name in (FOO, BAR)]
        await deployment.fill("foo", [f"k{number}" for number in range(20)])
        await worker.wrote('"Delivered"', times=20)
        end = await worker.stop(6)
    assert (end.code, end.stderr, "table.call_failed" in end.stdout) == (0, "", False)
    foo, bar = await told(reports, FOO), await told(reports, BAR)
    assert foo.at == bar.at > first[0].at
    assert (foo.held, foo.postponed, foo.rate) == (bar.held, bar.postponed, bar.rate) == (0, 0, 0)
    assert foo.request_seconds > bar.request_seconds == 0


async def test_a_report_lives_for_a_minute(deployment: Deployment, aws: Aws, unique_name: str) -> None:
    """DynamoDB itself forgets a task that is gone."""
    deployment.write('[vendors.foo]\nadapter = "echo"\npoll = "1s"\n', table=True)
    await deployment.up()
    worker = await deployment.start("run")
    reports = TableReports(await StateTable.open(aws, Names(unique_name).table, SystemClock()), SystemClock())
    await told(reports, FOO)
    client = await aws.client("dynamodb")
    [item] = (await client.scan(TableName=Names(unique_name).table))["Items"]
    assert (item["pk"], item["held"]) == ({"S": "TASK#foo#"}, {"N": "0"})
    assert 30 < int(item["expires"]["N"]) - datetime.now(UTC).timestamp() <= 61
    assert (await worker.stop(6)).code == 0


async def test_a_table_that_hangs_holds_up_neither_drain_nor_stop(deployment: Deployment) -> None:
    """Three hundred messages in seconds, each sent once; the last report costs the stop a second at most.

    Slow, about five seconds: the table is waited for, for three.
    """
    vendor = SimulatedVendor(Behaviour("foo", latency=timedelta(milliseconds=20)))
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        elsewhere = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        async with hosted([vendor]) as endpoints:
            entry = HTTP.format(vendor="foo", url=endpoints["foo"]) + 'dedup = "redelivery"\n'
            deployment.write(entry, table=True)
            await deployment.up()
            await deployment.fill("foo", [f"k{number}" for number in range(300)])
            worker = await deployment.start("run", **elsewhere)
            async with asyncio.timeout(10):
                await worker.wrote('"Delivered"', times=300)
            end = await worker.stop(4)
    assert (end.code, end.stderr) == (0, "")
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    failed = [line["feature"] for line in lines if line["event"] == "table.call_failed"]
    assert failed.count("ledger") in {1, 2}
    assert failed.count("reports") <= 1
    assert len(vendor.arrivals) == 300


async def test_without_its_table_a_worker_works(deployment: Deployment) -> None:
    """`up` was not run since `table = true` was written: all is delivered, once, and the log says what is missing."""
    vendor = SimulatedVendor(Behaviour("foo"))
    async with hosted([vendor]) as endpoints:
        entry = HTTP.format(vendor="foo", url=endpoints["foo"]) + 'dedup = "redelivery"\n'
        deployment.write(entry, table=False)
        await deployment.up()
        deployment.write(entry, table=True)
        await deployment.fill("foo", [f"k{number}" for number in range(200)])
        worker = await deployment.start("run")
        await worker.wrote('"Delivered"', times=200)
        end = await worker.stop(6)
    assert (end.code, end.stderr) == (0, "")
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    failed = [line for line in lines if line["event"] == "table.call_failed"]
    assert {line["error"] for line in failed} == {"ResourceNotFoundException"}
    assert {line["feature"] for line in failed} == {"ledger", "reports"}
    assert len(failed) <= 5
    assert len(vendor.arrivals) == 200
    assert lines[-1]["event"] == "worker.stopped"
