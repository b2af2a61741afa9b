"""Puts jobs together for vendors that take many in one request; a single is a batch of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from worker.model.outcome import Outcome
from worker.pipeline.collector import Collector
from worker.pipeline.held import Held
from worker.ports import Batch

Talk = Callable[[Sequence[Held]], Awaitable[Sequence[Outcome]]]


class Batcher:
    """Gathers up to `size` jobs and `max_bytes` of payload for at most `linger`."""

    def __init__(self, batch: Batch, talk: Talk, group: asyncio.TaskGroup) -> None:
        self._talk = talk
        self._collector: Collector[Held, Outcome] | None = None
        if batch.size > 1:
            linger = batch.linger.total_seconds()
            self._collector = Collector(
                talk, group=group, size=batch.size, linger=linger, weigh=_bytes, most=batch.max_bytes
            )

    async def deliver(self, held: Held) -> Outcome:
        """The job's outcome, once its batch has gone."""
        if self._collector is None:
            return (await self._talk([held]))[0]
        return await self._collector.add(held)


def _bytes(held: Held) -> int:
    return held.job.size
