"""A vendor that answers with all that it was sent, secret included, in every way that a vendor can fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from aiohttp import web

HOST = "127.0.0.1"
STATUSES = {"fail": 500, "gateway": 502, "busy": 429, "reject": 422, "move": 302, "deny": 401}  # else 200


class EchoingVendor:
    """The first part of a request's path says how it is answered; all that came is in `heard`."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._busy: set[str] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        text = f"{request.raw_path} {dict(request.headers)} {(await request.content.read()).decode()}"
        self.heard.append(text)
        way = request.path.split("/")[1]
        if way in {"hang", "cut", "garble", "halve"}:
            await _broken(request, way, text)
        if way == "busy" and request.path in self._busy:
            way = "take"
        self._busy.add(request.path)
        headers = {"Retry-After": "0", "Location": f"http://127.0.0.1:1{request.raw_path}", "X-Echo": request.raw_path}
        return web.json_response({"error": text, "code": text}, status=STATUSES.get(way, 200), headers=headers)


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[EchoingVendor, str]]:
    """Serve one on loopback; with its address."""
    vendor = EchoingVendor()
    runner = web.ServerRunner(web.Server(vendor.handle, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield vendor, f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _broken(request: web.BaseRequest, way: str, text: str) -> NoReturn:
    """Break the connection, or leave its client waiting; cancelled when that has gone."""
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    match way:
        case "cut":
            transport.abort()
        case "garble":
            transport.write(f"{text}\r\n\r\n".encode())
            transport.close()
        case "halve":
            transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{text}".encode())
            transport.close()
    await asyncio.Event().wait()
    raise AssertionError
