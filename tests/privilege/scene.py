"""A worker, a publisher and a scaler at work with every feature that calls AWS, and what each of them called."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.ecs.scaler.configuration import scaler_configuration
from deploy.ecs.scaler.source import inline_source
from tests.e2e.deployment import Deployment
from tests.e2e.program import Program, clean_environ, eventually
from tests.privilege.access import FREE, Place
from tests.privilege.metrics import Metric, put, written
from tests.privilege.policy import Access
from worker.aws.session import Aws, Credentials
from worker.local.faultproxy import FaultProxy, Seen
from worker.local.faults import Plan
from worker.local.stack import EmbeddedAws
from worker.model.names import Names
from worker.publish import Entry, Publisher

ACTOR = Path(__file__).parent.parent / "e2e" / "actor.py"
SECRET = "NAME/secret"
VENDORS = """
[defaults]
adapter = "actor:Actor"
poll = "1s"
budget = "1ms"
secret = "NAME/secret"
[vendors.plain]
filter = { target = ["plain"] }
[vendors.strict]
dedup = "strict"
filter = { target = ["nobody"] }
secret = "ARN"
[vendors.one]
rate = "50/s"
share = "one"
filter = { target = ["nobody"] }
[vendors.fleet]
rate = "50/s"
share = "fleet"
filter = { target = ["nobody"] }
[vendors.counted]
rate = ["50/s", "100000/h"]
share = "one"
filter = { target = ["nobody"] }
[vendors.keyed]
rate = "50/s"
limit_key = "account"
share = "fleet"
filter = { target = ["nobody"] }
"""
_LONG = "key " * 600  # too long for a partition key
_MESSAGES = {  # by vendor: what is done, and the key
    "plain": {"deliver": "plain", "reject": "dead", "fail": "tried", "go on": "long job", "follow": "parent"},
    "strict": {"deliver": _LONG + "1", "fail": _LONG + "2", "reject": "strictly dead"},
    "one": {"deliver": "one", "throttle": "one, late"},
    "fleet": {"deliver": "fleet", "throttle": "fleet, late"},
    "counted": {"deliver": "counted"},
    "keyed": {"deliver": "keyed", "throttle": "keyed, late"},
}
_FURTHER = ("worn", "parent-a", "parent-b", "published", "published large")
_WORN = 20  # receives of the 24 that its queue allows; with the worker's own a message that fails gets a fresh copy
_PATIENCE = 30.0


class Scene:
    """One deployment, whose programs reach AWS by a door each; what they call is written down."""

    def __init__(self, embedded: EmbeddedAws, aws: Aws, name: str, folder: Path) -> None:
        self.name = name
        self.deployment = Deployment(name, folder, aws, embedded.environment)
        self._embedded = embedded
        self._aws = aws
        self._calls: defaultdict[str, list[Seen]] = defaultdict(list)
        self.dispositions: set[str] = set()  # known once it was played, like the next
        self.metrics: set[Metric] = set()

    async def play(self) -> Mapping[str, frozenset[Access]]:
        """Let all of them work, once; what each accessed, by its door: consumer, producer, scaler."""
        async with AsyncExitStack() as stack:
            proxy = await stack.enter_async_context(FaultProxy(self._embedded.endpoint, Plan(), self._see))
            stack.push_async_callback(self.deployment.close)
            doors = {name: await proxy.door(name) for name in ("consumer", "producer", "scaler")}
            await self._set_up()
            emf = {"SLUICE_SLUICE__METRICS": "emf"}
            worker = await self.deployment.start("run", AWS_ENDPOINT_URL=doors["consumer"], **emf)
            await self._publish(doors["producer"])
            await _settled(worker, {key for told in _MESSAGES.values() for key in told.values()} | set(_FURTHER))
            await self._scale(doors["scaler"])
            end = await worker.stop()
        assert (end.code, end.stderr) == (0, "")
        self.dispositions = {line["disposition"] for line in _settles(end.stdout)}
        lines = [line for line in end.stdout.splitlines() if '"_aws"' in line]
        self.metrics = {metric for line in lines for metric in written(line)}
        puts = [seen.call for seen in self._calls["scaler"] if seen.call.operation == "monitoring:PutMetricData"]
        self.metrics |= {metric for call in puts for metric in put(call)}
        place = Place(await self._aws.account(), self._aws.region)
        return {
            door: frozenset(
                access for seen in calls for access in place.accesses(seen.call) if access.action not in FREE
            )
            for door, calls in self._calls.items()
        }

    def _see(self, seen: Seen) -> None:
        self._calls[seen.door].append(seen)

    async def _set_up(self) -> None:
        vault = await self._aws.client("secretsmanager", attempts=3)
        secret = await vault.create_secret(Name=SECRET.replace("NAME", self.name), SecretString="s")
        shutil.copy(ACTOR, self.deployment.folder)
        vendors = VENDORS.replace("NAME", self.name).replace("ARN", secret["ARN"])
        self.deployment.write(vendors, bucket=True, table=True)
        await self.deployment.up()
        await self._wear("plain", "worn")
        for vendor, told in _MESSAGES.items():
            for way, key in told.items():
                await self.deployment.fill(vendor, [key], json.dumps({"do": way, "to": "plain"}))
            await self._receive(vendor)  # redelivered: the ledger is asked

    async def _wear(self, vendor: str, key: str) -> None:
        await self.deployment.fill(vendor, [key], json.dumps({"do": "fail"}))
        for _ in range(_WORN - 1):  # one more comes with all others
            await self._receive(vendor)

    async def _receive(self, vendor: str) -> None:
        sqs = await self._aws.client("sqs", attempts=3)
        url = (await sqs.get_queue_url(QueueName=Names(self.name).queue(vendor)))["QueueUrl"]
        assert (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0))["Messages"]

    async def _publish(self, door: str) -> None:
        way = Aws(self._aws.region, endpoint=door, credentials=Credentials("test", "test"))
        async with way, Publisher(self.deployment.topology, aws=way) as publisher:
            for key, text in (("published", ""), ("published large", "x" * 300_000)):
                body = {"do": "deliver", "text": text}
                await publisher.publish_all([Entry(body, {"target": "plain"}, key)])

    async def _scale(self, door: str) -> None:
        sqs = await self._aws.client("sqs", attempts=3)
        topology, names = self.deployment.topology, Names(self.name)
        urls = {name: (await sqs.get_queue_url(QueueName=names.queue(name)))["QueueUrl"] for name in topology.vendors}
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(self.deployment.folder)  # the adapter lies there
            told = json.dumps(scaler_configuration(topology, urls))
        environ = self._embedded.environment | {"AWS_ENDPOINT_URL": door, "SCALER": told}
        source = f"{inline_source()}\nhandler({{}}, None)\n"
        scaler = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", source), env={**clean_environ(), **environ}, stdout=PIPE, stderr=PIPE
        )
        _, errors = await scaler.communicate()
        assert scaler.returncode == 0, errors.decode()


async def _settled(worker: Program, keys: set[str]) -> None:
    """Wait until each of the messages has ended."""
    try:
        await eventually(lambda: keys <= _ended(worker.stdout), _PATIENCE)
    except TimeoutError:
        pytest.fail(f"{keys - _ended(worker.stdout)} have not ended:\n{worker.stdout}")


def _ended(written: str) -> set[str]:
    return {line["key"] for line in _settles(written) if line["disposition"] in {"Delete", "Bury"}}


def _settles(written: str) -> list[dict[str, Any]]:
    """The log lines of settled messages that are there whole."""
    lines = [json.loads(line) for line in written.splitlines() if line.endswith("}")]
    return [line for line in lines if line.get("event") == "message.settled"]
