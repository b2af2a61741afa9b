"""Whether this machine is too slow to blame a worker for what is late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from worker.local.history import History

_LOOK = 0.1
_LATE = 0.5  # seconds: a third of what a worker waits for the vendor


@asynccontextmanager
async def stalls_noted(history: History) -> AsyncIterator[None]:
    """Note when this loop, which the proxy and the vendor run in, did not turn: everything was late then."""
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_watch(history))
        try:
            yield
        finally:
            watch.cancel()


async def _watch(history: History) -> None:
    loop = asyncio.get_running_loop()  # its time is `time.monotonic`, as all else's in the history
    before = loop.time()
    while True:
        await asyncio.sleep(_LOOK)  # by the clock: that it is late is what this looks for
        now = loop.time()
        if now - before > _LOOK + _LATE:
            history.stalled(before, now)
        before = now
