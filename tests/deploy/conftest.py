"""The scaler as Lambda runs it: its one file of source, on the embedded AWS."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from deploy.ecs.scaler.configuration import scaler_configuration
from deploy.ecs.scaler.source import inline_source
from worker.aws.reports import TableReports
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.local.stack import EmbeddedAws
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.task import Standing, TaskReport
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.settings import Topology


@dataclass
class Site:
    """Two pools on the embedded AWS: `foo` in the default one, `bar` and `baz` in `slow`."""

    name: str
    aws: Aws
    told: Callable[[], str]  # what was printed since it was asked last
    monkeypatch: pytest.MonkeyPatch
    urls: dict[str, str] = field(default_factory=dict)

    def topology(self) -> Topology:
        slow = {"adapter": "echo", "pool": "slow", "concurrency": 20, "rate": "80/s"}
        return Topology.model_validate(
            {
                "sluice": {"name": self.name, "table": True},
                "vendors": {"foo": {"adapter": "echo"}, "bar": slow, "baz": slow},
                "pools": {"default": {}, "slow": {"max_tasks": 10}},
            }
        )

    async def made(self) -> None:
        """Queues and table, as `up` makes them."""
        topology = self.topology()
        await up(topology, self.aws)
        sqs = await self.aws.client("sqs")
        for vendor in topology.vendors:
            queue = Names(self.name).queue(vendor)
            self.urls[vendor] = (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]

    async def publish(self, vendor: str, count: int) -> None:
        """Put messages into a queue."""
        sqs = await self.aws.client("sqs")
        for _ in range(count):
            await sqs.send_message(QueueUrl=self.urls[vendor], MessageBody="{}")

    async def report(self, vendor: str, *, ago: timedelta = timedelta(0), task: str = "t", **said: Any) -> None:
        """A task reports, as a worker does."""
        clock = _Then(ago)
        table = await StateTable.open(self.aws, Names(self.name).table, clock)
        values = {
            "held": 0,
            "postponed": 0,
            "rate": 0.0,
            "request_seconds": 0.0,
            "version": "1",
            "standing": Standing(),
        }
        report = TaskReport(task=task, vendor=VendorName(vendor), at=clock.now(), **{**values, **said})
        await TableReports(table, clock).tell([report])

    async def run(self, **changed: Any) -> dict[str, Any]:
        """One invocation in a fresh process's place; what it logged. Raises what the handler raises."""
        scaler = {**scaler_configuration(self.topology(), self.urls), **changed}
        self.monkeypatch.setenv("SCALER", json.dumps(scaler))
        index = ModuleType("index")
        self.monkeypatch.setitem(sys.modules, "index", index)
        exec(compile(inline_source(), "index.py", "exec"), index.__dict__)
        self.told()
        await asyncio.to_thread(index.handler, {}, None)
        return self.logged()

    def logged(self) -> dict[str, Any]:
        """The one line that was logged since `run` began."""
        [line] = self.told().splitlines()
        found: dict[str, Any] = json.loads(line)
        return found

    async def metric(self, name: str, **dimensions: str) -> float | None:
        """The last value that CloudWatch has of one."""
        cloudwatch = await self.aws.client("cloudwatch")
        now = datetime.now(UTC)
        found = await cloudwatch.get_metric_statistics(
            Namespace=f"Sluice/{self.name}",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=60,
            Statistics=["Maximum"],
        )
        points = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
        return points[-1]["Maximum"] if points else None


class _Then(SystemClock):
    """A clock that is behind."""

    def __init__(self, ago: timedelta) -> None:
        super().__init__()
        self._ago = ago

    def now(self) -> datetime:
        return super().now() - self._ago


@pytest.fixture
async def site(
    embedded_aws: EmbeddedAws,
    aws: Aws,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Site:
    """A topology that is up, and the environment that Lambda gives."""
    for name, value in embedded_aws.environment.items():
        monkeypatch.setenv(name, value)
    site = Site(unique_name, aws, lambda: capsys.readouterr().out, monkeypatch)
    await site.made()
    return site
