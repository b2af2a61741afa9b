"""What the platform asks of a worker: /live, /ready and /metrics; and what `sluice limits` does: /limits."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from aiohttp import web

from worker.model.errors import ConfigurationError
from worker.model.task import Standing
from worker.pipeline.pipeline import Pipeline
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Watched:
    """What is told; `standings` are asked at each request, by vendor."""

    vitals: Vitals
    metrics: Metrics
    standings: dict[str, Callable[[], Standing]] = field(default_factory=dict)

    def show(self, pipeline: Pipeline) -> None:
        """Tell of one more: what it holds, and how it stands with its limit."""
        self.metrics.watch(pipeline.name, lambda: pipeline.held, lambda: pipeline.standing.factor)
        self.standings[pipeline.name] = lambda: pipeline.standing


@asynccontextmanager
async def serve(host: str, port: int, watched: Watched) -> AsyncIterator[None]:
    """Answer on `host`:`port` while the block runs; port 0: nowhere.

    Raises ConfigurationError where it cannot listen.
    """
    if port == 0:
        yield
        return
    runner = web.AppRunner(application(watched), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


def application(watched: Watched) -> web.Application:
    """The four routes."""
    vitals, metrics = watched.vitals, watched.metrics

    async def live(_request: web.Request) -> web.Response:
        failing = vitals.failing()
        body = {"status": "failing", "vendors": dict(failing)} if failing else {"status": "live"}
        return web.json_response(body, status=503 if failing else 200)

    async def ready(_request: web.Request) -> web.Response:
        unready = vitals.unready()
        body = {"status": "not receiving", "vendors": list(unready)} if unready else {"status": "ready"}
        return web.json_response(body, status=503 if unready else 200)

    async def scrape(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": Metrics.CONTENT_TYPE})

    async def limits(_request: web.Request) -> web.Response:
        return web.json_response({vendor: asdict(ask()) for vendor, ask in watched.standings.items()})

    app = web.Application()
    routes = {"/live": live, "/ready": ready, "/metrics": scrape, "/limits": limits}
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    return app


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigurationError(
            f"the health server cannot listen on {host}:{port}: {_reason(error)}; "
            "[sluice] health_host and health_port say where, health_port = 0 turns it off"
        ) from error


def _reason(error: OSError) -> str:
    return "the port is taken" if error.errno == errno.EADDRINUSE else (error.strerror or type(error).__name__)
