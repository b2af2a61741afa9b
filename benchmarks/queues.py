"""The queues of one run: made, filled, and empty at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.emulator import way_to
from worker.model.errors import SluiceError
from worker.model.names import Names
from worker.model.wire import KEY

VENDOR = "sink"
_TEN = 10  # entries of one call
_AT_ONCE = 4  # calls
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class NotDrainedError(SluiceError):
    """A run has left messages behind: its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is put into a queue: JSON objects with a key, as a publisher sends them."""

    messages: int
    size: int = 500  # bytes of the body


async def fill(endpoint: str, prefix: str, load: Load) -> None:
    """Make the vendor's queue and its dead-letter queue under this prefix, and fill the first."""
    names = Names(prefix)
    async with way_to(endpoint) as aws:
        client = await aws.client("sqs", pool=_AT_ONCE, attempts=3)
        await client.create_queue(QueueName=names.dead_letters(VENDOR))
        url = (await client.create_queue(QueueName=names.queue(VENDOR)))["QueueUrl"]
        batches = _batches(load)
        await asyncio.gather(*(_send(client, url, batches) for _ in range(_AT_ONCE)))


async def check_empty(endpoint: str, prefix: str) -> None:
    """Raise NotDrainedError if one of the two queues holds a message, in whatever state."""
    names = Names(prefix)
    async with way_to(endpoint) as aws:
        client = await aws.client("sqs", attempts=3)
        for name in (names.queue(VENDOR), names.dead_letters(VENDOR)):
            url = (await client.get_queue_url(QueueName=name))["QueueUrl"]
            reply = await client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
            if left := sum(int(reply["Attributes"][count]) for count in _COUNTS):
                raise NotDrainedError(f"{left} messages are left in {name}")


def body(number: int, size: int) -> str:
    """A JSON object of just so many bytes, at least 40."""
    empty = _dump(number, "")
    return _dump(number, "x" * (size - len(empty)))


async def _send(client: Any, url: str, batches: Iterator[list[dict[str, object]]]) -> None:
    """Send what is left of `batches`, which others take from too."""
    for entries in batches:
        reply = await client.send_message_batch(QueueUrl=url, Entries=entries)
        assert len(reply["Successful"]) == len(entries)


def _batches(load: Load) -> Iterator[list[dict[str, object]]]:
    for first in range(0, load.messages, _TEN):
        numbers = range(first, min(first + _TEN, load.messages))
        yield [_entry(number, load.size) for number in numbers]


def _entry(number: int, size: int) -> dict[str, object]:
    key = {"DataType": "String", "StringValue": f"{number:032x}"}
    return {"Id": str(number), "MessageBody": body(number, size), "MessageAttributes": {KEY: key}}


def _dump(number: int, text: str) -> str:
    return json.dumps({"number": number, "text": text}, separators=(",", ":"))
