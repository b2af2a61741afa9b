from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from worker.health import Watched, application, serve
from worker.model.errors import ConfigurationError
from worker.model.events import PipelineCrashed, PipelineStarted, WorkerStopping
from worker.model.task import Standing
from worker.pipeline.clock import SystemClock
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def vitals() -> Vitals:
    return Vitals(["foo", "bar"], SystemClock())


@pytest.fixture
async def client(vitals: Vitals) -> AsyncIterator[Client]:
    metrics = Metrics()
    metrics.watch("foo", lambda: 4)
    async with TestClient(
        TestServer(application(Watched(vitals, metrics, {"foo": lambda: Standing(used=(7,))})), host="127.0.0.1")
    ) as client:
        yield client


@pytest.fixture
def port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


async def answer(client: Client, path: str) -> tuple[int, object]:
    async with client.get(path) as response:
        return response.status, await response.json()


async def test_live_while_nothing_is_wrong(client: Client) -> None:
    """/live answers 200."""
    assert await answer(client, "/live") == (200, {"status": "live"})


async def test_live_names_who_fails_and_why(client: Client, vitals: Vitals) -> None:
    """/live answers 503 and names the vendor and the reason."""
    vitals.emit(PipelineCrashed("foo", "ValueError", crashes=5, restart_seconds=1.0))
    assert await answer(client, "/live") == (
        503,
        {"status": "failing", "vendors": {"foo": "crashed 5 times in a row"}},
    )


async def test_ready_follows_the_pipelines(client: Client, vitals: Vitals) -> None:
    """/ready answers 503 with who is missing, 200 once all receive, and 503 again from the stop on."""
    vitals.emit(PipelineStarted("foo"))
    assert await answer(client, "/ready") == (503, {"status": "not receiving", "vendors": ["bar"]})
    vitals.emit(PipelineStarted("bar"))
    assert await answer(client, "/ready") == (200, {"status": "ready"})
    vitals.emit(WorkerStopping("SIGTERM", 20.0))
    assert await answer(client, "/ready") == (503, {"status": "not receiving", "vendors": ["foo", "bar"]})


async def test_metrics_are_prometheus_text(client: Client) -> None:
    """/metrics answers in Prometheus' text format."""
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert 'sluice_messages_in_flight{vendor="foo"} 4.0' in await response.text()


async def test_serves_while_the_block_runs(vitals: Vitals, port: int) -> None:
    """The port is open inside the block and free after it."""
    async with (
        serve("127.0.0.1", port, Watched(vitals, Metrics())),
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/live") as response,
    ):
        assert response.status == 200
    socket.create_server(("127.0.0.1", port)).close()


async def test_port_zero_serves_nowhere(vitals: Vitals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 0 turns the server off: nothing listens."""
    monkeypatch.setattr("aiohttp.web.TCPSite.start", lambda _site: pytest.fail("it listens"))
    async with serve("127.0.0.1", 0, Watched(vitals, Metrics())):
        pass


async def test_taken_port_is_the_operators_to_change(vitals: Vitals) -> None:
    """A port in use is a ConfigurationError that names the address and the setting."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{taken}: the port is taken.*health_port"):
            async with serve("127.0.0.1", taken, Watched(vitals, Metrics())):
                pytest.fail("it started")


async def test_foreign_host_is_the_operators_to_change(vitals: Vitals, port: int) -> None:
    """An address that is not this machine's is a ConfigurationError that names the setting."""
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1.*health_host"):
        async with serve("192.0.2.1", port, Watched(vitals, Metrics())):
            pytest.fail("it started")


async def test_limits_are_told(client: Client) -> None:
    """How each vendor stands with its limit, now."""
    status, told = await answer(client, "/limits")
    assert status == 200
    assert Standing.load(told["foo"]) == Standing(used=(7,))
