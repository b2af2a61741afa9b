"""A poll is never cancelled, and what nobody waits for any more goes back at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, virtual_time
from tests.fakes.queue import MemoryQueue
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.errors import AwsError, RefusedError, UnavailableError
from worker.model.events import AwsCallFailed
from worker.model.message import Message
from worker.pipeline.polls import Polls


class Line:
    """A queue and its polls, whose group is open as long as the block."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.queue = MemoryQueue(LoopClock())
        self.events = RecordedTelemetry()
        self.polls = Polls("foo", self.queue, group, self.events)

    async def cancelled_poll(self) -> None:
        """Ask for messages, and be cancelled five seconds later."""
        asking = asyncio.create_task(self.polls.receive(10))
        await asyncio.sleep(5)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    async with asyncio.TaskGroup() as group:
        yield Line(group)


@virtual_time
async def test_a_poll_brings_what_is_there() -> None:
    """As many as were asked for, at once."""
    async with line() as it:
        it.queue.put("a", "b", "c")
        assert [message.body for message in await it.polls.receive(2)] == ["a", "b"]


@pytest.mark.parametrize("error", [UnavailableError("away"), RefusedError("AccessDenied"), KeyError("a bug")])
@virtual_time
async def test_who_asks_gets_the_error_and_the_group_lives(error: Exception) -> None:
    """One vendor's queue is away: that is told to its own pipeline, and ends nobody else's poll."""
    async with line() as it:
        it.queue.faults.fail_next("receive", error)
        with pytest.raises(type(error)):
            await it.polls.receive(1)
        it.queue.put("a")
        assert len(await it.polls.receive(1)) == 1


@virtual_time
async def test_a_poll_outlives_who_asked_and_gives_back_what_it_brings() -> None:
    """It is not cancelled; its messages are visible again with visibility 0."""
    async with line() as it:
        await it.cancelled_poll()
        it.queue.put("a", "b")
    assert (it.queue.cancelled_receives, it.queue.in_flight) == (0, 0)
    assert [stored.receives for stored in it.queue.stored] == [1, 1]
    assert it.queue.calls["change_visibility"] == 1


@virtual_time
async def test_an_empty_poll_has_nothing_to_give_back() -> None:
    """It ends in its own time, without a further call."""
    async with line() as it:
        await it.cancelled_poll()
    assert asyncio.get_running_loop().time() == START + 20
    assert it.queue.calls["change_visibility"] == 0


@pytest.mark.parametrize("error", [UnavailableError("away"), RefusedError("AccessDenied")])
@virtual_time
async def test_an_error_that_nobody_waits_for_is_quiet(error: AwsError) -> None:
    """The asker has gone: neither the group nor the log hears of it."""
    async with line() as it:
        answered = it.queue.faults.hold("receive")
        it.queue.faults.fail_next("receive", error)
        await it.cancelled_poll()
        answered.set()
    assert not it.events.events


class Prompt(MemoryQueue):
    """Calls back in the very turn in which it answers."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.answering = asyncio.Event()

    async def receive(self, limit: int) -> Sequence[Message]:
        try:
            return await super().receive(limit)
        finally:
            self.answering.set()


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("turns", range(5))
@virtual_time
async def test_an_answer_that_crosses_a_cancellation_is_not_lost(turns: int, fails: bool) -> None:
    """Whatever turn of the loop it comes in, the messages are either in the asker's hands or visible again."""
    async with line() as it:
        queue = Prompt()
        polls = Polls("foo", queue, it.polls._group, it.events)
        queue.put("a")
        if fails:
            queue.faults.fail_next("receive", UnavailableError("away"))
        asking = asyncio.create_task(polls.receive(10))
        await queue.answering.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    if asking.cancelled() or fails:
        assert queue.in_flight == 0
    else:
        assert len(asking.result()) == 1
    assert fails or queue.stored[0].receives == 1


@virtual_time
async def test_giving_back_is_tried_three_times_and_told() -> None:
    """What cannot be given back comes back by itself when its visibility ends."""
    async with line() as it:
        it.queue.put("a", "b")
        messages = await it.polls.receive(2)
        it.queue.faults.fail_next("change_visibility", UnavailableError("away", code="Timeout"), times=3)
        await it.polls.give_back(messages)
        assert it.queue.calls["change_visibility"] == 3
        assert it.queue.in_flight == 2
    told = AwsCallFailed("foo", "ChangeMessageVisibilityBatch", "Timeout", 2)
    assert it.events.of(AwsCallFailed) == [told] * 3


@virtual_time
async def test_only_what_was_not_given_back_is_tried_again() -> None:
    """An entry that may still succeed is repeated, one that cannot is left."""
    async with line() as it:
        it.queue.put("a", "b")
        kept, gone = await it.polls.receive(2)
        it.queue.faults.fail_next("change_visibility", "InternalError")
        it.queue.expire(gone.receipt)
        await it.polls.give_back([gone, kept])
        assert it.queue.calls["change_visibility"] == 2
        assert it.queue.in_flight == 0
