"""What tests of vendors share: a raw TCP server, and contexts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from worker.model.message import VendorName
from worker.ports import VendorContext

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listen = Callable[[Talk], Awaitable[str]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Start a TCP server that talks as told; its connections are closed when the talk ends. Gives host:port."""
    async with AsyncExitStack() as stack:

        async def start(talk: Talk) -> str:
            async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await talk(reader, writer)
                finally:
                    writer.close()

            server = await asyncio.start_server(converse, "127.0.0.1", 0)
            stack.callback(server.close)
            return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield start


@pytest.fixture
def context() -> Callable[..., VendorContext]:
    """Make a context: of a vendor at `endpoint`, with a secret where one is given."""

    def make(endpoint: str | None = None, secret: str | None = None, timeout: float = 5.0) -> VendorContext:
        async def current(name: str | None = None) -> str:
            assert secret is not None
            return secret if name is None else f"{secret} of {name}"

        return VendorContext(
            VendorName("acme"),
            timedelta(seconds=timeout),
            connections=4,
            endpoint=endpoint,
            secret=None if secret is None else current,
        )

    return make
