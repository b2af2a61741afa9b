from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from worker.model.errors import NotAnsweredError, NotSentError
from worker.model.message import Job
from worker.ports import VendorContext
from worker.vendors.lib.options import Options
from worker.vendors.lib.rest import Request, RestVendor

Make = Callable[..., VendorContext]
FOR_EVER = aiohttp.ClientTimeout(total=None)
LARGE = b"x" * (8 << 20)  # bytes; more than the sockets' buffers take


class Acme(RestVendor[Options, Any]):
    def request(self, job: Job[Any]) -> Request:
        return Request("POST", "https://acme.example/", body=job.payload)


POST = Request("POST", "https://acme.example/", body=b"{}")


async def head_only(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read what a request begins with, and no more."""
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's
async def test_a_body_that_is_not_taken_in_time_is_not_answered(context: Make, listen: Any) -> None:
    """The vendor has its beginning: it may act on that."""
    place = await listen(head_only)
    async with Acme(Options(), context(f"http://{place}", timeout=0.3)) as acme:
        with pytest.raises(NotAnsweredError, match=f"no answer in time: {place}"):
            await acme.send(Request("POST", "https://acme.example/", body=LARGE))


async def test_a_wait_for_a_free_connection_is_not_sent(context: Make, listen: Any) -> None:
    """The only one is busy with a request that hangs: what waits for it has not left."""
    taken = asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        taken.set()
        await reader.read()

    place = await listen(hangs)
    made = context(f"http://{place}", timeout=0.1)
    async with Acme(Options(), VendorContext(made.name, made.timeout, 1, endpoint=made.endpoint)) as acme:
        assert acme._session is not None
        first = asyncio.create_task(acme._session._request("GET", f"http://{place}", timeout=FOR_EVER))
        await taken.wait()
        with pytest.raises(NotSentError, match=f"connect timeout: {place}"):
            await acme.send(POST)
        first.cancel()
        await asyncio.wait([first])
