"""The synthesised template makes a stack that delivers, and a changed topology is an update of it.

What the embedded AWS lacks is left out: see `tests.e2e.stack.LACKING`. The ladder, a NAT gateway and its address are
made by AWS alone; that they are right is for tests/deploy.
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.program import Program, eventually
from tests.e2e.stack import Stack
from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor

EXAMPLE = Path(__file__).parents[2] / "examples" / "outbound-messaging"
GROWN = Path(__file__).parent / "grown"  # one vendor more, one filter changed, one taken away
POOLS = ("default", "bar")
ON_ECS = {"ECS_CONTAINER_METADATA_URI_V4": "http://127.0.0.1:1/v4/1"}  # its mark; nobody asks there


@pytest.fixture
async def cloud() -> AsyncIterator[EmbeddedAws]:
    """An AWS of its own: a template's names are fixed."""
    async with EmbeddedAws() as stack:
        yield stack


@dataclass
class Site:
    """A stack, and simulated vendors in the place of those that its topology names."""

    cloud: EmbeddedAws
    stack: Stack
    folder: Path
    endpoints: Mapping[str, str]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """A worker for each pool, as the stack's task definitions say."""
        workers = [await self._start(await self.stack.environment(f"messaging-{pool}")) for pool in POOLS]
        try:
            yield
            ends = await asyncio.gather(*(worker.stop() for worker in workers))
            assert [(end.code, end.stderr) for end in ends] == [(0, "")] * len(POOLS)
        finally:
            for worker in workers:
                await worker.abandon()

    async def _start(self, told: Mapping[str, str]) -> Program:
        here = {"SLUICE_DEFAULTS__POLL": "1s", "SLUICE_SLUICE__HEALTH_PORT": "0"}
        for vendor in tomllib.loads(told["SLUICE_TOPOLOGY"])["vendors"]:
            here[f"SLUICE_VENDORS__{vendor}__ENDPOINT".replace("-", "_").upper()] = self.endpoints[vendor]
        return await Program.start(
            "run", folder=self.folder, environ={**self.cloud.environment, **ON_ECS, **told, **here}
        )


async def publish(aws: Aws, topic: str, *targets: str) -> None:
    """One message for each target, as anybody may who is not of Sluice."""
    sns = await aws.client("sns", attempts=3)
    body = json.dumps({"to": "+15550100200", "text": "hello", "template": "hello"})
    for target in targets:
        attributes = {"target": {"DataType": "String", "StringValue": target}}
        await sns.publish(TopicArn=topic, Message=body, MessageAttributes=attributes)


async def make_secrets(aws: Aws, *names: str) -> None:
    """They are the operator's: no stack holds them."""
    vault = await aws.client("secretsmanager", attempts=3)
    for name in names:
        await vault.create_secret(Name=name, SecretString="s-1")


async def test_a_message_reaches_its_vendor_through_the_stack_before_and_after_an_update(
    cloud: EmbeddedAws, tmp_path: Path
) -> None:
    """By the topic that the stack tells, its queues, table, secrets, and its task definitions' environment.

    Slow, some seconds: two deployments, and two workers at each.
    """
    names = ("foo-primary", "foo-secondary", "foo-tertiary", "bar")
    vendors = {name: SimulatedVendor(Behaviour(name, takes_anything=True)) for name in names}

    def arrived() -> dict[str, int]:
        return {name: len(vendor.arrivals) for name, vendor in vendors.items() if vendor.arrivals}

    async with cloud.aws() as aws, hosted(list(vendors.values())) as endpoints:
        await make_secrets(aws, "messaging/foo", "messaging/bar")
        site = Site(cloud, Stack("messaging", aws), tmp_path, endpoints)
        await site.stack.create(EXAMPLE / "stack.json")
        topic = (await site.stack.outputs())["ArnOfTopicOutgoingMessages"]
        async with site.at_work():
            await publish(aws, topic, "BAZ", "FOO-TERTIARY", "FOO-PRIMARY", "FOO-SECONDARY", "BAR")
            await eventually(lambda: sum(arrived().values()) >= 3)
        assert arrived() == {"foo-primary": 1, "foo-secondary": 1, "bar": 1}
        await site.stack.update(GROWN / "stack.json")
        assert (await site.stack.outputs())["ArnOfTopicOutgoingMessages"] == topic
        async with site.at_work():
            await publish(aws, topic, "NOBODY", "FOO-TERTIARY", "BAZ", "FOO-PRIMARY")
            await eventually(lambda: sum(arrived().values()) >= 10)
        assert arrived() == {"foo-primary": 2, "foo-secondary": 5, "foo-tertiary": 1, "bar": 2}
