"""Queues of a vendor, made and filled for one run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.emulator import way_to
from worker.aws.session import Aws
from worker.model.names import Names
from worker.model.wire import KEY

VENDOR = "sink"
_TEN = 10  # entries of one call
_AT_ONCE = 4  # calls


@dataclass(frozen=True, slots=True)
class Load:
    """What is put into a queue: JSON bodies of `size` bytes, each with the key that a publisher gives it."""

    messages: int
    size: int = 500  # bytes of the body


async def fill(endpoint: str, prefix: str, load: Load) -> None:
    """Make the vendor's queue and its dead-letter queue under this prefix, and fill the first."""
    async with way_to(endpoint) as aws:
        client = await aws.client("sqs", pool=_AT_ONCE, attempts=3)
        names = Names(prefix)
        await client.create_queue(QueueName=names.dead_letters(VENDOR))
        url = (await client.create_queue(QueueName=names.queue(VENDOR)))["QueueUrl"]
        batches = _batches(load)

        async def send() -> None:
            for entries in batches:
                reply = await client.send_message_batch(QueueUrl=url, Entries=entries)
                assert len(reply["Successful"]) == len(entries)

        await asyncio.gather(*(send() for _ in range(_AT_ONCE)))


async def left(aws: Aws, prefix: str) -> int:
    """How many messages its two queues hold, in whatever state."""
    client = await aws.client("sqs", attempts=3)
    names = Names(prefix)
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
    total = 0
    for name in (names.queue(VENDOR), names.dead_letters(VENDOR)):
        url = (await client.get_queue_url(QueueName=name))["QueueUrl"]
        reply = await client.get_queue_attributes(QueueUrl=url, AttributeNames=list(counts))
        total += sum(int(reply["Attributes"][count]) for count in counts)
    return total


def body(number: int, size: int) -> str:
    """A JSON object of just so many bytes."""
    empty = json.dumps({"number": number, "text": ""}, separators=(",", ":"))
    return json.dumps({"number": number, "text": "x" * (size - len(empty))}, separators=(",", ":"))


def _batches(load: Load) -> Iterator[list[dict[str, object]]]:
    for first in range(0, load.messages, _TEN):
        numbers = range(first, min(first + _TEN, load.messages))
        yield [_entry(number, load.size) for number in numbers]


def _entry(number: int, size: int) -> dict[str, object]:
    key = {"DataType": "String", "StringValue": f"{number:032x}"}
    return {"Id": str(number), "MessageBody": body(number, size), "MessageAttributes": {KEY: key}}
