"""The messages that follow from others, published for the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

from worker.aws.session import Aws
from worker.model.errors import BadMessageError
from worker.model.message import Publication
from worker.publish.entry import Entry
from worker.publish.faults import InvalidEntryError
from worker.publish.publisher import Publisher
from worker.settings import Topology


class TopologyPublications:
    """`ports.Publications` by a Publisher that is opened when the first adapter publishes."""

    def __init__(self, topology: Topology, aws: Aws) -> None:
        self._publisher = Publisher(topology, aws=aws)
        self._opened = False
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._opened:
            await self._publisher.__aexit__(*raised)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Return when all are with SNS.

        Raises UnavailableError, RefusedError, or BadMessageError for what an adapter made that SNS would never take.
        """
        entries = [_entry(publication) for publication in publications]
        await self._open()
        try:
            for entry in entries:  # all or nothing: a wrong one must not leave its siblings published at every attempt
                self._publisher.check(entry)
            await self._publisher.publish_all(entries)
        except InvalidEntryError as error:
            raise BadMessageError(f"a message that follows from this one: {error}", code="publication") from error

    async def _open(self) -> None:
        async with self._opening:
            if not self._opened:
                await self._publisher.__aenter__()
                self._opened = True


def _entry(publication: Publication) -> Entry:
    return Entry(publication.body, publication.attributes, publication.key, topic=publication.topic)
