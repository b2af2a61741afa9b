"""What publishing is tested with: the embedded AWS, and an SNS that can be told what to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.sns import FakeSns
from worker.aws.session import Aws, Credentials
from worker.ops.up import up
from worker.settings import Topology


@pytest.fixture
def topology() -> Callable[..., Topology]:
    """Make a topology under a name that nobody else has: `topology(a={…}, b={…}, bucket=True)`."""

    def make(*, bucket: bool = False, **vendors: dict[str, Any]) -> Topology:
        entries = {name: {"adapter": "echo", **vendor} for name, vendor in vendors.items()}
        sluice = {"name": f"t{uuid4().hex[:10]}", "topic": "messages", "bucket": bucket}
        return Topology.model_validate({"sluice": sluice, "vendors": entries})

    return make


@pytest.fixture
async def live(aws: Aws, topology: Callable[..., Topology]) -> Callable[..., Any]:
    """Make a topology and provision it."""

    async def make(**of: Any) -> Topology:
        made = topology(**of)
        await up(made, aws)
        return made

    return make


@pytest.fixture
async def drain(aws: Aws) -> Callable[[str], Any]:
    """Receive all that a queue holds."""
    sqs = await aws.client("sqs")

    async def all_of(queue: str) -> list[dict[str, Any]]:
        url = (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
        messages: list[dict[str, Any]] = []
        while page := await _receive(sqs, url):
            messages += page
        return messages

    return all_of


@pytest.fixture
async def sns() -> AsyncIterator[FakeSns]:
    """An SNS on loopback that can be told what to answer."""
    fake = FakeSns()
    app = web.Application(client_max_size=2**22)
    app.router.add_post("/", fake.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake


@pytest.fixture
async def sns_aws(sns: FakeSns) -> AsyncIterator[Aws]:
    """The way to the fake SNS."""
    async with Aws(region="us-east-1", endpoint=sns.url, credentials=Credentials("test", "test")) as aws:
        yield aws


async def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    found = await sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
        WaitTimeSeconds=0,
    )
    return list(found.get("Messages", []))
