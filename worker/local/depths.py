"""How many messages stand in the queues of a topology."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.aws.errors import wrapped
from worker.aws.session import Aws
from worker.model.names import Names
from worker.settings import Topology

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Depth:
    """One vendor's queue and dead-letter queue; exact on the embedded AWS, approximate on the real one."""

    waiting: int = 0
    held: int = 0  # in flight or postponed
    delayed: int = 0
    dead: int = 0

    @property
    def left(self) -> int:
        """All that is still to be done."""
        return self.waiting + self.held + self.delayed


class Depths:
    """Asks SQS, with a client of its own: what a viewer asks is not counted as the worker's."""

    def __init__(self, topology: Topology, client: Any) -> None:
        self._names = Names(topology.sluice.name)
        self._vendors = list(topology.vendors)
        self._client = client
        self._urls: dict[str, str] = {}

    @classmethod
    async def open(cls, topology: Topology, aws: Aws) -> Depths:
        """Open the client; `aws` closes it."""
        return cls(topology, await aws.client("sqs", pool=2 * len(topology.vendors), attempts=3))

    async def ask(self) -> Mapping[str, Depth]:
        """By vendor; raises as all AWS calls do."""
        depths = await asyncio.gather(*(self._depth(name) for name in self._vendors))
        return dict(zip(self._vendors, depths, strict=True))

    async def _depth(self, vendor: str) -> Depth:
        waiting, held, delayed = await self._counts(self._names.queue(vendor))
        return Depth(waiting, held, delayed, sum(await self._counts(self._names.dead_letters(vendor))))

    async def _counts(self, queue: str) -> list[int]:
        with wrapped("GetQueueAttributes", queue):
            if queue not in self._urls:
                self._urls[queue] = (await self._client.get_queue_url(QueueName=queue))["QueueUrl"]
            reply = await self._client.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=list(_COUNTS))
        return [int(reply["Attributes"][name]) for name in _COUNTS]
