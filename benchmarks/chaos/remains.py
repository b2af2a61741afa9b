"""What lies in the queues when all is over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Any

from worker.aws.session import Aws
from worker.local.history import Found, Place
from worker.model.names import Names
from worker.model.wire import BURIAL, KEY
from worker.settings import Topology

_HIDDEN = 600  # seconds; what was seen is not seen again


async def found(aws: Aws, topology: Topology, vendor: str) -> Sequence[Found]:
    """Each message in a vendor's queue and in its dead-letter queue; what is in flight is not seen."""
    client = await aws.client("sqs", attempts=3)
    names = Names(topology.sluice.name)
    places: dict[str, Place] = {names.queue(vendor): "queue", names.dead_letters(vendor): "dead letters"}
    return [
        Found(monotonic(), texts[KEY], place, _code(texts))
        for queue, place in places.items()
        async for texts in _attributes(client, queue)
    ]


async def _attributes(client: Any, queue: str) -> AsyncIterator[Mapping[str, str]]:
    """Each message's texts, by their names."""
    url = (await client.get_queue_url(QueueName=queue))["QueueUrl"]
    while messages := (await _receive(client, url)).get("Messages"):
        for message in messages:
            attributes = message["MessageAttributes"].items()
            yield {name: value["StringValue"] for name, value in attributes if "StringValue" in value}


def _code(texts: Mapping[str, str]) -> str:
    return str(json.loads(texts[BURIAL])["code"] or "") if BURIAL in texts else ""


async def _receive(client: Any, url: str) -> dict[str, Any]:
    reply: dict[str, Any] = await client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN, MessageAttributeNames=["All"]
    )
    return reply
