"""A vendor that takes everything, and writes down by row who sent what, when it left and when it came."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import monotonic

import aiohttp
from aiohttp import web
from pydantic import TypeAdapter

from benchmarks.limit.sending import Request
from worker.cli.loop import complete
from worker.local.emulator import HOST
from worker.local.process import Report

SENT = "Sent-At"  # header: monotonic seconds
SENDER = "Sender"  # header: which of the workers
_REQUESTS = TypeAdapter(list[Request])


def serve(report: Report) -> None:
    """Serve on a free port of loopback, report the endpoint, and never return. Made for `Process`."""
    complete(_serve(report))


@dataclass(frozen=True, slots=True)
class Desk:
    """One row's place at the vendor; `url` takes its requests."""

    url: str

    async def requests(self) -> list[Request]:
        """All that has arrived so far."""
        return _REQUESTS.validate_json(await self._get(""))

    async def begun(self, sender: str) -> None:
        """Return once a sender's first request has arrived."""
        await self._get(sender)

    async def _get(self, sender: str) -> bytes:
        headers = {SENDER: sender} if sender else {}
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self.url, headers=headers) as reply:
            reply.raise_for_status()
            return await reply.read()


@dataclass(slots=True)
class _Row:
    requests: list[Request] = field(default_factory=list)
    begun: dict[str, asyncio.Event] = field(default_factory=dict)

    def event(self, sender: str) -> asyncio.Event:
        return self.begun.setdefault(sender, asyncio.Event())


class _Book:
    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    async def answer(self, request: web.BaseRequest) -> web.Response:
        at = monotonic()
        row = self._rows.setdefault(request.path, _Row())
        sender = request.headers.get(SENDER)
        if request.method == "POST":
            row.requests.append(Request(float(request.headers[SENT]), at, sender or ""))
            row.event(sender or "").set()
            await request.read()
            return web.Response(body=b'{"ok":true}', content_type="application/json")
        if sender is not None:
            await row.event(sender).wait()
            return web.Response()
        return web.Response(body=_REQUESTS.dump_json(row.requests), content_type="application/json")


async def _serve(report: Report) -> None:
    runner = web.ServerRunner(web.Server(_Book().answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    report(f"http://{HOST}:{runner.addresses[0][1]}")
    await asyncio.Event().wait()
