"""Work that a stop cuts short: a start, or what is of no use once it was stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from worker.pipeline.stop import Stop

T = TypeVar("T")


async def unless_stopped(stop: Stop, work: Coroutine[None, None, T]) -> T | None:
    """Work to the end; None if the stop was asked for before: then it is cancelled, and has ended.

    Raises what the work raises, while it is cancelled too.
    """
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.stopping.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
    return None if working.cancelled() else working.result()
