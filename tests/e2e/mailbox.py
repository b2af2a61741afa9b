"""A topology's queues from outside: what is put into one, and what lies dead."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.session import Aws
from worker.aws.sqs import Sqs
from worker.model.message import NOTHING, Attributes, Outgoing
from worker.model.names import Names
from worker.model.wire import BURIAL, KEY
from worker.pipeline.clock import SystemClock

_HIDDEN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead-letter queue holds: the message, and why it is there."""

    body: str
    attributes: Attributes
    burial: str  # JSON, as it was written

    @property
    def key(self) -> str:
        """Its `sluice-key`."""
        return self.attributes[KEY].text

    @property
    def told(self) -> dict[str, Any]:
        """The burial, read."""
        told: dict[str, Any] = json.loads(self.burial)
        return told


class Mailbox:
    """Messages of any kind into a vendor's queue, and dead letters out of its dead-letter queue."""

    def __init__(self, sqs: Sqs, names: Names) -> None:
        self._sqs = sqs
        self._names = names

    @classmethod
    async def open(cls, name: str, aws: Aws) -> Self:
        """Open the way to the queues of the topology of that name."""
        return cls(await Sqs.open(aws, "test", telemetry=RecordedTelemetry(), wait=NOTHING), Names(name))

    async def put(self, vendor: str, *messages: Outgoing) -> None:
        """Send them, one by one: each may be as large as SQS takes."""
        outbox = await self._sqs.outbox(self._names.queue(vendor))
        for message in messages:
            assert not await outbox.send([message])

    async def dead(self, vendor: str) -> list[DeadLetter]:
        """All that is visible there."""
        name = self._names.dead_letters(vendor)
        queue = await self._sqs.queue(name, visibility=_HIDDEN, clock=SystemClock())
        found: list[DeadLetter] = []
        while messages := await queue.receive(10):
            found += [DeadLetter(one.body, one.attributes, one.attributes[BURIAL].text) for one in messages]
        return found
