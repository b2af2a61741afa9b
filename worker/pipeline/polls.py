"""Receives in the air: none is ever cancelled, for what it brings would stay invisible, with a receive counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from worker.model.errors import AwsError
from worker.model.events import AwsCallFailed
from worker.model.message import Message
from worker.ports import Queue, Telemetry

_NOW = timedelta(0)
_TRIES = 3


class Polls:
    """One queue's receives; `group` outlives the pipeline that asks, so a poll ends well whatever becomes of that."""

    def __init__(self, vendor: str, queue: Queue, group: asyncio.TaskGroup, telemetry: Telemetry) -> None:
        self._vendor = vendor
        self._queue = queue
        self._group = group
        self._telemetry = telemetry

    async def receive(self, limit: int) -> Sequence[Message]:
        """Receive; if the caller is cancelled meanwhile, the poll goes on and what it brings goes back at once.

        Raises UnavailableError or RefusedError.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        poll = self._group.create_task(self._poll(limit, asked))
        try:
            brought = await asyncio.shield(poll)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if isinstance(brought, AwsError):
            raise brought
        return brought

    async def _poll(self, limit: int, asked: asyncio.Future[None]) -> Sequence[Message] | AwsError:
        """One poll; an error is returned, for one that is raised would end the whole group."""
        try:
            messages = await self._queue.receive(limit)
        except AwsError as error:
            return error
        if asked.cancelled():
            await self.give_back(messages)
        return messages

    async def give_back(self, messages: Sequence[Message]) -> None:
        """Make messages visible again at once; what cannot be, comes back when its visibility ends."""
        entries = [(message.receipt, _NOW) for message in messages]
        for _ in range(_TRIES):
            if not entries:
                return
            try:
                failures = await self._queue.change_visibility(entries)
            except AwsError as error:
                self._failed(error.code, len(entries))
                continue
            entries = [entries[failure.index] for failure in failures if not failure.final]

    def _failed(self, error: str, entries: int) -> None:
        self._telemetry.emit(AwsCallFailed(self._vendor, "ChangeMessageVisibilityBatch", error, entries))
