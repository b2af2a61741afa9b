"""A topology in a folder, provisioned on the embedded AWS, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.e2e.program import Program
from worker.aws.session import Aws
from worker.local.depths import Depth, Depths
from worker.model.names import Names
from worker.ops.up import up
from worker.settings import Topology, load

HEAD = """
[sluice]
name = "{name}"
grace = "3s"
flush = "3s"
health_port = {port}
bucket = {bucket}
table = {table}
"""
HTTP = """
[vendors.{vendor}]
adapter = "http"
poll = "1s"
filter = {{ target = ["{vendor}"] }}
options = {{ url = "{url}/messages", idempotency_header = "Idempotency-Key" }}
"""


class Deployment:
    """One topology; `environ` leads any process to its AWS."""

    def __init__(self, name: str, folder: Path, aws: Aws, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ)
        self._name = name
        self._aws = aws
        self._programs = AsyncExitStack()

    def write(self, vendors: str, *, port: int = 0, bucket: bool = False, table: bool = False) -> None:
        """Write its sluice.toml: these entries below our `[sluice]`."""
        flags = {"bucket": str(bucket).lower(), "table": str(table).lower()}
        head = HEAD.format(name=self._name, port=port, **flags)
        (self.folder / "sluice.toml").write_text(head + vendors)

    @property
    def topology(self) -> Topology:
        """As its file says."""
        return load(self.folder / "sluice.toml", environ={})

    async def up(self) -> None:
        """Provision it, in this process."""
        await up(self.topology, self._aws)

    async def fill(self, vendor: str, keys: Iterable[str], body: str = '{"text": "hello"}') -> None:
        """Send messages with these `sluice-key`s to a vendor's queue, ten at a time."""
        client, url = await self._queue(vendor)
        entries = [_entry(number, key, body) for number, key in enumerate(keys)]
        for first in range(0, len(entries), 10):
            reply = await client.send_message_batch(QueueUrl=url, Entries=entries[first : first + 10])
            assert not reply.get("Failed")

    async def take(self, vendor: str) -> list[tuple[str, int]]:
        """Receive all that is visible in a vendor's queue: each key, and how often it was received before."""
        client, url = await self._queue(vendor)
        found: list[tuple[str, int]] = []
        while messages := (await _receive(client, url)).get("Messages"):
            found += [_seen(message) for message in messages]
        return found

    async def depth(self, vendor: str) -> Depth:
        """What SQS counts of a vendor's queue."""
        return (await (await Depths.open(self.topology, self._aws)).ask())[vendor]

    async def start(self, *argv: str, stdin: int | None = None, **environ: str) -> Program:
        """Start `sluice ARGV` here."""
        program = await Program.start(*argv, folder=self.folder, environ=self.environ | environ, stdin=stdin)
        self._programs.push_async_callback(program.abandon)
        return program

    async def close(self) -> None:
        """End what a failed test has left."""
        await self._programs.aclose()

    async def _queue(self, vendor: str) -> tuple[Any, str]:
        client = await self._aws.client("sqs", attempts=3)
        url = (await client.get_queue_url(QueueName=Names(self._name).queue(vendor)))["QueueUrl"]
        return client, str(url)


def _entry(number: int, key: str, body: str) -> dict[str, Any]:
    attributes = {"sluice-key": {"DataType": "String", "StringValue": key}}
    return {"Id": str(number % 10), "MessageBody": body, "MessageAttributes": attributes}


async def _receive(client: Any, url: str) -> dict[str, Any]:
    reply: dict[str, Any] = await client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=600,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return reply


def _seen(message: dict[str, Any]) -> tuple[str, int]:
    key = message["MessageAttributes"]["sluice-key"]["StringValue"]
    return key, int(message["Attributes"]["ApproximateReceiveCount"]) - 1
