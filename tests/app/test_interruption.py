"""A stop cuts work short, and only when it has really ended does anything go on."""

from __future__ import annotations

import asyncio

import pytest

from worker.app.interruption import unless_stopped
from worker.model.errors import UnavailableError
from worker.pipeline.stop import Stop


async def test_work_that_is_not_stopped_ends_by_itself() -> None:
    """Its result, or its error as it is."""

    async def fail() -> None:
        raise UnavailableError("no answer")

    assert await unless_stopped(Stop(), asyncio.sleep(0, "done")) == "done"
    with pytest.raises(UnavailableError):
        await unless_stopped(Stop(), fail())


async def test_a_stop_cancels_and_waits_for_the_end() -> None:
    """None, once the work has tidied up."""
    stop, tidied = Stop(), asyncio.Event()

    async def work() -> str:
        stop.ask("test")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.set()
        return "never"

    assert await unless_stopped(stop, work()) is None
    assert tidied.is_set()


async def test_an_error_while_it_is_cancelled_is_raised() -> None:
    """What could not be tidied up is not hidden."""
    stop = Stop()

    async def work() -> None:
        stop.ask("test")
        try:
            await asyncio.Event().wait()
        finally:
            raise UnavailableError("still there")

    with pytest.raises(UnavailableError, match="still there"):
        await unless_stopped(stop, work())


async def test_a_cancelled_caller_leaves_no_work_behind() -> None:
    """Ctrl-C before the signals are ours: the work ends before the cancellation goes on."""
    ended, began = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(unless_stopped(Stop(), work()))
    await began.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()
