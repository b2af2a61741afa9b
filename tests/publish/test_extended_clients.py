"""Claim checks between Sluice and AWS's extended clients: the real ones, on the embedded AWS."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from worker.aws.s3 import S3Blobs
from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws
from worker.model import claim
from worker.ports import Pointer
from worker.publish import Publisher
from worker.settings import Topology

SCRIPT = Path(__file__).with_name("extended_clients.py")
LARGE = json.dumps({"rows": ["é\u2028𝄞"] * 40_000})  # above 256 KiB, with characters of two to four bytes


@dataclass(frozen=True)
class Place:
    topology: Topology
    bucket: str
    topic: str
    queue: str
    url: str


@pytest.fixture
async def place(aws: Aws, live: Any) -> Place:
    topology = await live(foo={}, bucket=True)
    name, account = topology.sluice.name, await aws.account()
    sqs = await aws.client("sqs")
    return Place(
        topology,
        f"{name}-claims-{account}-{aws.region}",
        f"arn:aws:sns:{aws.region}:{account}:{name}-messages",
        f"{name}-foo",
        (await sqs.get_queue_url(QueueName=f"{name}-foo"))["QueueUrl"],
    )


@pytest.fixture
def theirs(embedded_aws: EmbeddedAws) -> Callable[..., Any]:
    """Have AWS's client do something."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    async def run(*call: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            SCRIPT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**environment, **embedded_aws.environment},
        )
        answer, _ = await process.communicate(json.dumps(call).encode())
        assert process.returncode == 0
        return json.loads(answer)

    return run


async def test_they_read_ours(aws: Aws, place: Place, theirs: Any) -> None:
    """The SQS extended client receives the body of a message that our publisher put into S3."""
    async with Publisher(place.topology, aws=aws) as publisher:
        await publisher.publish(LARGE, attributes={"a": 1}, key="k")
    assert await theirs("receive_by_sqs", place.bucket, place.url) == {
        "body": LARGE,
        "attributes": ["a", "sluice-key"],
    }


@pytest.mark.parametrize("by", ["send_by_sns", "send_by_sqs", "send_by_old_sqs"])
async def test_we_read_theirs(aws: Aws, place: Place, theirs: Any, drain: Any, by: str) -> None:
    """What AWS's clients put into S3 is found by our pointer and read by our store."""
    await theirs(by, place.bucket, place.topic if by == "send_by_sns" else place.url, LARGE)
    [message] = await drain(place.queue)
    found = claim.decode(json.loads(message["Body"]))
    assert found is not None
    assert (await (await S3Blobs.open(aws, place.bucket)).get(Pointer(*found))).decode() == LARGE
