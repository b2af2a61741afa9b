"""What is asked of a health server, and what its answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from worker.model.errors import ConfigurationError
from worker.ops.probe import live_url, probe
from worker.settings import Topology


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TestServer]:
    """Says what its path asks for."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]), text="words")

    app = web.Application()
    app.router.add_get("/{status}", answer)
    async with TestServer(app) as server:
        yield server


@pytest.mark.parametrize(("status", "ok"), [(200, True), (204, True), (301, False), (404, False), (503, False)])
async def test_only_2xx_is_healthy(server: TestServer, status: int, ok: bool) -> None:
    """Anything else is not."""
    answer = await probe(str(server.make_url(f"/{status}")))
    assert answer.ok is ok
    assert answer.text.startswith(str(status))


async def test_no_answer_is_not_healthy() -> None:
    """A closed port is told, not raised."""
    closed = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    answer = await probe(f"http://127.0.0.1:{port}/live")
    assert not answer.ok
    assert "does not answer" in answer.text


@pytest.mark.parametrize("url", ["", "live", "ftp://127.0.0.1/live", "http:///live", "http://127.0.0.1:x/live"])
async def test_what_is_no_url_is_told(url: str) -> None:
    """A usage mistake, not an unhealthy worker."""
    with pytest.raises(ConfigurationError, match="is not a URL"):
        await probe(url)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:81/live"),
        ("0.0.0.0", "http://127.0.0.1:81/live"),
        ("::", "http://[::1]:81/live"),
    ],
)
def test_the_topology_says_where(host: str, url: str) -> None:
    """A server that listens everywhere is asked on loopback."""
    assert live_url(_topology(host, 81)) == url


def test_no_server_is_told() -> None:
    """`health_port = 0` leaves nothing to ask."""
    with pytest.raises(ConfigurationError, match="health_port is 0"):
        live_url(_topology("127.0.0.1", 0))


def _topology(host: str, port: int) -> Topology:
    return Topology.model_validate({"sluice": {"name": "m", "health_host": host, "health_port": port}, "vendors": {}})
