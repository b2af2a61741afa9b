"""Sends one batch to SNS until every entry is answered for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from worker.aws.sns import Answer, NotTaken, SnsTopic
from worker.model import claim
from worker.model.backoff import Backoff
from worker.model.errors import RefusedError, UnavailableError
from worker.model.message import Attribute, JobKey, MessageId
from worker.model.wire import CLAIM, size_of
from worker.ports import Blobs
from worker.publish.entry import Prepared
from worker.publish.faults import UnconfirmedError


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """SNS has it: the id that SNS gave, and the `sluice-key` by which it can be told from others."""

    id: MessageId
    key: JobKey


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a publisher tries: `deadline` of a batch, `in_flight` batches at once, `linger` for a full batch."""

    deadline: timedelta = timedelta(seconds=30)
    in_flight: int = 8
    linger: timedelta = timedelta(milliseconds=50)
    backoff: Backoff = field(default_factory=lambda: Backoff(timedelta(milliseconds=200), timedelta(seconds=5)))


@dataclass(slots=True)
class Tally:
    """What became of entries; one publish call owns it and adds to it."""

    receipts: list[MessageReceipt] = field(default_factory=list)
    refused: dict[JobKey, NotTaken] = field(default_factory=dict)
    unconfirmed: dict[JobKey, NotTaken] = field(default_factory=dict)

    def add(self, key: JobKey, answer: Answer) -> None:
        """Count one entry's last answer."""
        if not isinstance(answer, NotTaken):
            self.receipts.append(MessageReceipt(answer, key))
        elif answer.final:
            self.refused[key] = answer
        else:
            self.unconfirmed[key] = answer

    def check(self) -> None:
        """Raise RefusedError or UnconfirmedError for what was not published, naming the keys."""
        for key, answer in self.refused.items():
            also = f"; also not confirmed: {', '.join(self.unconfirmed)}" if self.unconfirmed else ""
            raise RefusedError(f"SNS refused the entry with key {key}: {answer.code} ({answer.reason}){also}")
        for answer in self.unconfirmed.values():
            raise UnconfirmedError(tuple(self.unconfirmed), f"the last answer: {answer.code} ({answer.reason})")


class Sender:
    """Retries what SNS did not take, and only that, with backoff, until the deadline."""

    def __init__(self, blobs: Blobs | None, pace: Pace) -> None:
        self._blobs = blobs
        self._pace = pace

    async def send(self, topic: SnsTopic, batch: Sequence[Prepared]) -> Tally:
        """Send a batch and tell what became of it; raises nothing that AWS did."""
        clock = asyncio.get_running_loop()
        ends = clock.time() + self._pace.deadline.total_seconds()
        tally, pending, failures = Tally(), list(batch), 0
        while pending:
            pending, answers = await self._attempt(topic, pending)
            failures += 1
            delay = self._pace.backoff.delay(failures).total_seconds()
            last = clock.time() + delay >= ends
            for entry, answer in zip(pending, answers, strict=True):
                if last or not _again(answer):
                    tally.add(entry.key, answer)
            pending = [entry for entry, answer in zip(pending, answers, strict=True) if _again(answer) and not last]
            if pending:
                await asyncio.sleep(delay)
        return tally

    async def _attempt(self, topic: SnsTopic, batch: list[Prepared]) -> tuple[list[Prepared], Sequence[Answer]]:
        try:
            batch = [await self._claimed(entry) for entry in batch]  # a claimed one stays so over retries
            return batch, await topic.publish([entry.outgoing for entry in batch])
        except UnavailableError as error:
            return batch, [NotTaken("Unavailable", str(error), final=False)] * len(batch)
        except RefusedError as error:
            return batch, [NotTaken("Refused", str(error), final=True)] * len(batch)

    async def _claimed(self, entry: Prepared) -> Prepared:
        if not entry.needs_claim or self._blobs is None:
            return entry
        data = entry.outgoing.body.encode()
        pointer = await self._blobs.put(data)
        body = claim.encode(pointer.bucket, pointer.key)
        attributes = {**entry.outgoing.attributes, CLAIM: Attribute("Number", str(len(data)))}
        outgoing = replace(entry.outgoing, body=body, attributes=attributes)
        return Prepared(entry.key, outgoing, size_of(body, attributes))


def _again(answer: Answer) -> bool:
    return isinstance(answer, NotTaken) and not answer.final
