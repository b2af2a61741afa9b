"""What lies in the queues when all is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import Any

from worker.aws.session import Aws
from worker.local.history import Found, Place
from worker.model.names import Names
from worker.model.wire import KEY
from worker.settings import Topology

_HIDDEN = 600  # seconds; what was seen is not seen again


async def found(aws: Aws, topology: Topology, vendor: str) -> Sequence[Found]:
    """Each message in a vendor's queue and in its dead-letter queue; what is in flight is not seen."""
    client = await aws.client("sqs", attempts=3)
    names = Names(topology.sluice.name)
    places: dict[str, Place] = {names.queue(vendor): "queue", names.dead_letters(vendor): "dead letters"}
    return [Found(monotonic(), key, place) for queue, place in places.items() async for key in _keys(client, queue)]


async def _keys(client: Any, queue: str) -> AsyncIterator[str]:
    url = (await client.get_queue_url(QueueName=queue))["QueueUrl"]
    while messages := (await _receive(client, url)).get("Messages"):
        for message in messages:
            yield message["MessageAttributes"][KEY]["StringValue"]


async def _receive(client: Any, url: str) -> dict[str, Any]:
    reply: dict[str, Any] = await client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN, MessageAttributeNames=["All"]
    )
    return reply
