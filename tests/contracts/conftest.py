"""Each port's implementations: in memory, and the real client on the embedded AWS."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import LoopClock
from tests.fakes.manual_clock import ManualClock
from tests.fakes.queue import MemoryQueue
from tests.fakes.secrets import MemorySecrets
from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.resources import Table
from worker.aws.s3 import S3Blobs
from worker.aws.secrets import SecretsManager
from worker.aws.session import Aws, Credentials
from worker.aws.sqs import Sqs
from worker.aws.statetable import StateTable
from worker.aws.stores.table import TableStore
from worker.model.message import NOTHING
from worker.ports import Blobs, Outbox, Queue, Secrets

VISIBILITY = timedelta(seconds=30)
LONG_POLL = timedelta(seconds=1)  # the least that SQS long-polls
MAX_RECEIVE_COUNT = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A queue with both its ends, and its dead-letter queue."""

    queue: Queue
    outbox: Outbox
    dead_letters: Queue


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets, and how a test puts one there."""

    secrets: Secrets
    put: Callable[[str, str], Awaitable[None]]


@pytest.fixture(params=["memory", "sqs"])
async def line(request: pytest.FixtureRequest, aws: Aws, unique_name: str) -> Line:
    """Both implementations of Queue and Outbox, looking only once, so that an empty queue costs no time."""
    return await _line(request.param, aws, unique_name, wait=NOTHING)


@pytest.fixture(params=["memory", "sqs"])
async def polled_line(request: pytest.FixtureRequest, aws: Aws, unique_name: str) -> Line:
    """The same, polled as in production; a slow test: an emulator's second cannot be made shorter."""
    return await _line(request.param, aws, unique_name, wait=LONG_POLL)


@pytest.fixture(params=["memory", "s3"])
async def blobs(request: pytest.FixtureRequest, aws: Aws, unique_name: str) -> Blobs:
    """Both implementations of Blobs."""
    if request.param == "memory":
        return MemoryBlobs(unique_name)
    s3 = await aws.client("s3")
    await s3.create_bucket(Bucket=unique_name)
    return await S3Blobs.open(aws, unique_name)


@pytest.fixture(params=["memory", "secretsmanager"])
async def vault(request: pytest.FixtureRequest, aws: Aws) -> Vault:
    """Both implementations of Secrets."""
    if request.param == "memory":
        memory = MemorySecrets()
        return Vault(memory, memory.put)
    client = await aws.client("secretsmanager")

    async def put(name: str, text: str) -> None:
        await client.create_secret(Name=name, SecretString=text)

    return Vault(await SecretsManager.open(aws), put)


@pytest.fixture
def clock() -> ManualClock:
    """What a test moves to let things expire; in 2045, for the emulator deletes by its own clock, each minute."""
    return ManualClock(600_000_000.0)


@pytest.fixture
async def state_table(aws: Aws, unique_name: str, clock: ManualClock) -> StateTable:
    """A state table as `up` makes it."""
    keys = json.dumps({"pk": "HASH", "sk": "RANGE"})
    wanted = Table(unique_name, {"Keys": keys, "BillingMode": "PAY_PER_REQUEST", "TimeToLive": "expires"})
    await TableStore(await aws.client("dynamodb")).create(wanted)
    return await StateTable.open(aws, unique_name, clock)


@pytest.fixture
async def table_away(clock: ManualClock) -> AsyncIterator[StateTable]:
    """A state table behind a port at which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with Aws(region="us-east-1", endpoint=endpoint, credentials=Credentials("test", "test")) as way:
            yield await StateTable.open(way, "away", clock)


async def _line(kind: str, aws: Aws, name: str, *, wait: timedelta) -> Line:
    if kind == "memory":
        return _memory_line(wait)
    return await _sqs_line(aws, name, wait)


def _memory_line(wait: timedelta) -> Line:
    clock = LoopClock()
    dead_letters = MemoryQueue(clock, wait=wait)
    queue = MemoryQueue(
        clock, visibility=VISIBILITY, wait=wait, dead_letters=dead_letters, max_receive_count=MAX_RECEIVE_COUNT
    )
    return Line(queue, queue, dead_letters)


async def _sqs_line(aws: Aws, name: str, wait: timedelta) -> Line:
    client = await aws.client("sqs")
    dlq = (await client.create_queue(QueueName=f"{name}-dlq"))["QueueUrl"]
    arn = (await client.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVE_COUNT})
    await client.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})
    sqs = await Sqs.open(aws, "contract", telemetry=RecordedTelemetry(), receivers=2, wait=wait)
    clock = LoopClock()
    return Line(
        queue=await sqs.queue(name, visibility=VISIBILITY, clock=clock),
        outbox=await sqs.outbox(name),
        dead_letters=await sqs.queue(f"{name}-dlq", visibility=VISIBILITY, clock=clock),
    )
