"""Puts jobs together for vendors that take many in one request; a single is a batch of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakValueDictionary

from worker.model.outcome import Outcome
from worker.pipeline.collector import Collector
from worker.pipeline.held import Held
from worker.ports import Batch

_Together = tuple[str | None, str | None]  # limit and secret: one request has one of each
Talk = Callable[[Sequence[Held]], Awaitable[Sequence[Outcome]]]


class Batcher:
    """Gathers up to `size` jobs and `max_bytes` of payload for at most `linger`."""

    def __init__(self, batch: Batch, talk: Talk, group: asyncio.TaskGroup) -> None:
        self._batch = batch
        self._talk = talk
        self._group = group
        self._collectors = WeakValueDictionary[_Together, Collector[Held, Outcome]]()  # while somebody waits for them

    async def deliver(self, held: Held) -> Outcome:
        """The job's outcome, once its batch has gone."""
        if self._batch.size == 1:
            return (await self._talk([held]))[0]
        together = held.job.limit, held.job.secret
        if (collector := self._collectors.get(together)) is None:
            collector = self._collectors[together] = self._collector()
        return await collector.add(held)

    def _collector(self) -> Collector[Held, Outcome]:
        batch = self._batch
        linger = batch.linger.total_seconds()
        return Collector(
            self._talk, group=self._group, size=batch.size, linger=linger, weigh=_bytes, most=batch.max_bytes
        )


def _bytes(held: Held) -> int:
    return held.job.size
