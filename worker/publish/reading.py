"""Lines of a blocking stream, read beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from threading import Thread
from typing import TextIO

from worker.model.errors import ConfigurationError

_AHEAD = 100


async def lines_of(stream: TextIO) -> AsyncIterator[str]:
    """Yield a stream's lines as they come, such as `sys.stdin`'s; raises ConfigurationError where it is not text.

    The reader is a daemon thread: a terminal that never answers does not keep the process from ending.
    """
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | Exception | None](_AHEAD)

    def put(item: str | Exception | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(item), loop).result()

    def read() -> None:
        try:
            for line in stream:
                put(line)
            put(None)
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or closed
            put(error)
        except (RuntimeError, CancelledError):
            return  # the loop has ended: nobody listens

    Thread(target=read, name="lines", daemon=True).start()
    while (item := await lines.get()) is not None:
        if isinstance(item, Exception):
            raise ConfigurationError(f"{getattr(stream, 'name', 'the stream')} cannot be read: {item}") from None
        yield item
