"""SQS queues: read, made, set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.aws.changes import Live
from worker.aws.errors import wrapped
from worker.aws.resources import Queue
from worker.aws.stores.presence import found


class QueueStore:
    """SQS queues."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    async def read(self, queue: Queue) -> Live:
        """Its attributes; None: it is not there."""
        reply = await found("GetQueueUrl", self._sqs.get_queue_url, QueueName=queue.name)
        if reply is None:
            return None
        with wrapped("GetQueueAttributes", queue.name):
            attributes = await self._sqs.get_queue_attributes(QueueUrl=reply["QueueUrl"], AttributeNames=["All"])
        return dict(attributes.get("Attributes", {}))

    async def create(self, queue: Queue) -> None:
        """Make it."""
        with wrapped("CreateQueue", queue.name):
            await self._sqs.create_queue(QueueName=queue.name, Attributes=dict(queue.attributes))

    async def update(self, queue: Queue, attributes: Mapping[str, str]) -> None:
        """Set attributes."""
        with wrapped("SetQueueAttributes", queue.name):
            url = (await self._sqs.get_queue_url(QueueName=queue.name))["QueueUrl"]
            await self._sqs.set_queue_attributes(QueueUrl=url, Attributes=dict(attributes))
