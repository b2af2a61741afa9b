"""A vendor without a limit: answers 200 to everything, in a process of its own."""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import web

from worker.local.emulator import HOST
from worker.local.process import Report


def serve(report: Report) -> None:
    """Serve on a free port of loopback, report the endpoint, and never return. Made for `Process`."""
    uvloop.run(_serve(report))


async def _serve(report: Report) -> None:
    runner = web.ServerRunner(web.Server(_answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    report(f"http://{HOST}:{runner.addresses[0][1]}")
    await asyncio.Event().wait()


async def _answer(request: web.BaseRequest) -> web.StreamResponse:
    await request.read()
    return web.Response(body=b'{"ok":true}', content_type="application/json")
