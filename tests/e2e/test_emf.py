"""A worker's metrics on stdout, as CloudWatch Logs would read them there."""

from __future__ import annotations

import json

from tests.e2e.deployment import HTTP, Deployment
from tests.telemetry.emf_rules import checked
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor

ON_ECS = {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603"}


async def test_on_ecs_a_worker_tells_its_metrics_between_its_log_lines(
    deployment: Deployment, unique_name: str
) -> None:
    """Its start, and at its stop what it has done since; each line whole, and log lines as they were."""
    async with hosted([SimulatedVendor(Behaviour("foo"))]) as endpoints:
        deployment.write(HTTP.format(vendor="foo", url=endpoints["foo"]))
        await deployment.up()
        await deployment.fill("foo", [f"k{number}" for number in range(20)])
        worker = await deployment.start("run", **ON_ECS)
        await worker.wrote('"Delivered"', times=20)
        end = await worker.stop()
    assert (end.code, end.stderr) == (0, "")
    lines = end.stdout.splitlines()
    told = [checked(line) for line in lines if '"_aws"' in line]
    assert [line["event"] for line in map(json.loads, lines) if "_aws" not in line][-1] == "worker.stopped"
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in told} == {f"Sluice/{unique_name}"}
    assert told[0]["WorkerStarts"] == 1
    vendor = [line for line in told if line.get("vendor") == "foo"]
    assert sum(line["MessagesReceived"] for line in vendor) == sum(line["MessagesDelivered"] for line in vendor) == 20
    assert sum(len(line["DeliverySeconds"]) for line in vendor) == 20
    assert {line["pool"] for line in told} == {"default"}


async def test_elsewhere_it_tells_none_unless_it_is_asked(deployment: Deployment) -> None:
    """Prometheus' /metrics is there anyway."""
    deployment.write('[vendors.foo]\nadapter = "echo"\npoll = "1s"\n')
    await deployment.up()
    written = []
    for flags in ((), ("--set", "sluice.metrics=emf")):
        worker = await deployment.start("run", *flags)
        await worker.wrote("pipeline.started")
        written.append((await worker.stop()).stdout.count('"_aws"'))
    assert written == [0, 2]
