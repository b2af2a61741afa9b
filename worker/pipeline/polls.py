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
        answer: asyncio.Future[Sequence[Message]] = asyncio.get_running_loop().create_future()
        self._group.create_task(self._poll(limit, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            if not answer.cancelled() and answer.exception() is None:  # it came just before the cancellation
                self.abandon(answer.result())
            raise

    def abandon(self, messages: Sequence[Message]) -> None:
        """Have them given back, by a task that outlives the pipeline."""
        self._group.create_task(self.give_back(messages))

    async def _poll(self, limit: int, answer: asyncio.Future[Sequence[Message]]) -> None:
        """One poll; its errors are for who asked: raised here, one would end the whole group."""
        try:
            messages = await self._queue.receive(limit)
        except Exception as error:  # noqa: BLE001 - handed on, and quiet if nobody waits any more
            if not answer.done():
                answer.set_exception(error)
            return
        if answer.done():
            await self.give_back(messages)
        else:
            answer.set_result(messages)

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
