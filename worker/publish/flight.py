"""The batches of one publish call: those that fill, and those under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from worker.aws.sns import MAX_ENTRIES
from worker.model.wire import MAX_SNS_BYTES
from worker.publish.entry import Prepared
from worker.publish.sender import Pace, Tally

Send = Callable[[str, Sequence[Prepared]], Awaitable[Tally]]  # a topic's ARN and a batch for it
Progress = Callable[[int], None]  # is told how many are confirmed so far


@dataclass(slots=True)
class _Open:
    """A batch that fills; it leaves when full, or when its `timer` ends."""

    timer: asyncio.TimerHandle
    entries: list[Prepared] = field(default_factory=list)
    size: int = 0

    def has_room_for(self, entry: Prepared) -> bool:
        return len(self.entries) < MAX_ENTRIES and self.size + entry.size <= MAX_SNS_BYTES


class Flight:
    """Fills batches by topic and sends them, so many at once; leaving it waits for all of them.

    What was added is sent even where the caller's block raises; only a cancellation gives up. Raises RefusedError or
    UnconfirmedError, at the next `add` or when left.
    """

    def __init__(self, send: Send, pace: Pace, on_progress: Progress | None = None) -> None:
        self.confirmed = 0
        self._send = send
        self._pace = pace
        self._on_progress = on_progress
        self._failed = Tally()
        self._open: dict[str, _Open] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):  # cancelled
            self._drop()
            await self._group.__aexit__(kind, error, traceback)
            return
        for arn in tuple(self._open):
            self._dispatch(arn)
        await self._group.__aexit__(None, None, None)
        self._failed.check()

    async def add(self, arn: str, entry: Prepared) -> None:
        """Put an entry into its topic's batch; waits while too many are under way."""
        while len(self._under_way) >= self._pace.in_flight:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        self._failed.check()
        if arn in self._open and not self._open[arn].has_room_for(entry):
            self._dispatch(arn)
        batch = self._open.get(arn) or self._begin(arn)
        batch.entries.append(entry)
        batch.size += entry.size
        if len(batch.entries) == MAX_ENTRIES or batch.size >= MAX_SNS_BYTES:  # or one that becomes a claim check
            self._dispatch(arn)

    def _begin(self, arn: str) -> _Open:
        loop = asyncio.get_running_loop()
        self._open[arn] = _Open(loop.call_later(self._pace.linger.total_seconds(), self._dispatch, arn))
        return self._open[arn]

    def _dispatch(self, arn: str) -> None:
        batch = self._open.pop(arn)
        batch.timer.cancel()
        task = self._group.create_task(self._deliver(arn, batch.entries))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _drop(self) -> None:
        for batch in self._open.values():
            batch.timer.cancel()
        self._open.clear()

    async def _deliver(self, arn: str, batch: Sequence[Prepared]) -> None:
        tally = await self._send(arn, batch)
        self.confirmed += len(tally.receipts)
        self._failed.refused.update(tally.refused)
        self._failed.unconfirmed.update(tally.unconfirmed)
        if self._on_progress is not None:
            self._on_progress(self.confirmed)
