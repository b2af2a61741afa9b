"""Publishes messages to the topics of a topology, or to one topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from worker.aws.arns import Place
from worker.aws.s3 import S3Blobs
from worker.aws.session import Aws
from worker.aws.sns import SnsTopic
from worker.publish.attributes import Value
from worker.publish.entry import Body, Entry, Prepared
from worker.publish.flight import Flight, Progress
from worker.publish.route import Destination, Route, route_of
from worker.publish.sender import MessageReceipt, Pace, Sender, Tally
from worker.settings import Topology


class Publisher:
    """An open way to SNS: `async with Publisher(topology) as publisher`, or `Publisher.to(topic_arn, bucket=…)`.

    Without `aws` it opens its own, by the standard AWS configuration. Opening raises ConfigurationError,
    RefusedError or UnavailableError. Every message is published at least once: after a lost answer it is sent again
    under the same `sluice-key`.
    """

    def __init__(self, where: Topology | Route, *, aws: Aws | None = None, pace: Pace | None = None) -> None:
        self._where = where
        self._aws = aws
        self._pace = pace or Pace()
        self._stack = AsyncExitStack()

    @classmethod
    def to(cls, topic_arn: str, *, bucket: str | None = None, aws: Aws | None = None, pace: Pace | None = None) -> Self:
        """Publish to this topic; `bucket` takes the bodies above the SNS limit. Body filters are not known here."""
        return cls(Route(Destination(topic_arn), bucket=bucket), aws=aws, pace=pace)

    async def __aenter__(self) -> Self:
        async with self._stack:
            aws = self._aws
            if aws is None:
                aws = await self._stack.enter_async_context(Aws(region=_region(self._where)))
            self._route = await _route(self._where, aws)
            self._sns = await aws.client("sns", pool=self._pace.in_flight)
            self._sender = Sender(await _blobs(self._route, aws), self._pace)
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()

    async def publish(
        self,
        body: Body,
        *,
        attributes: Mapping[str, Value] | None = None,
        key: str | None = None,
        tenant: str | None = None,
        topic: str | None = None,
    ) -> MessageReceipt:
        """Publish one message and return when SNS has it; what the arguments mean is told by `Entry`.

        Raises InvalidEntryError (nothing was sent), RefusedError, or UnconfirmedError after the deadline.
        """
        arn, prepared = self._route.prepare(Entry(body, attributes or {}, key, tenant, topic))
        tally = await self._send(arn, [prepared])
        tally.check()
        return tally.receipts[0]

    async def publish_all(
        self, entries: Iterable[Entry] | AsyncIterable[Entry], on_progress: Progress | None = None
    ) -> int:
        """Publish many, ten in a call and several calls at once; returns how many, all of them confirmed.

        `on_progress` is told how many are confirmed so far. Raises as `publish` does; an entry that is not valid ends
        it, and those before it are published.
        """
        async with Flight(self._send, self._pace, on_progress) as flight:
            async for entry in _each(entries):
                await flight.add(*self._route.prepare(entry))
        return flight.confirmed

    def check(self, entry: Entry) -> None:
        """Raise InvalidEntryError if the entry could not be published; sends nothing."""
        self._route.prepare(entry)

    async def _send(self, arn: str, batch: Sequence[Prepared]) -> Tally:
        return await self._sender.send(SnsTopic(self._sns, arn), batch)


async def _route(where: Topology | Route, aws: Aws) -> Route:
    return where if isinstance(where, Route) else route_of(where, Place(await aws.account(), aws.region))


async def _blobs(route: Route, aws: Aws) -> S3Blobs | None:
    return None if route.bucket is None else await S3Blobs.open(aws, route.bucket)


def _region(where: Topology | Route) -> str | None:
    return where.default.arn.split(":")[3] if isinstance(where, Route) else None


async def _each(entries: Iterable[Entry] | AsyncIterable[Entry]) -> AsyncIterator[Entry]:
    if isinstance(entries, AsyncIterable):
        async for entry in entries:
            yield entry
    else:
        for entry in entries:
            yield entry
