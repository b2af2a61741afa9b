"""Sluice with a limit, on one queue, for a while, in a process of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from benchmarks.emulator import way_to
from benchmarks.queues import VENDOR
from worker.app.work import Watch, work
from worker.cli.loop import complete
from worker.local.process import Report
from worker.pipeline.clock import SystemClock
from worker.pipeline.stop import Stop
from worker.settings import Topology, load
from worker.telemetry.prometheus import Metrics

_TOPOLOGY = """
[sluice]
name = "{prefix}"
grace = "5s"

[vendors.{vendor}]
adapter = "benchmarks.stamped:Stamped"
endpoint = "{endpoint}"
rate = {rate}
concurrency = 20
poll = "1s" # only so that the run ends soon: while there are messages no receive waits

[vendors.{vendor}.options]
url = "http://127.0.0.1/messages"
idempotency_header = "Idempotency-Key"
stamps = "{stamps}"
"""


def send(report: Report, *, aws: str, vendor: str, prefix: str, rate: str, seconds: float) -> None:
    """Send for so long, and report the instants of sending and that of the stop. Made for `Process`."""
    with TemporaryDirectory(prefix="sluice-limit-") as name:
        stamps = Path(name) / "stamps.json"
        file = Path(name) / "sluice.toml"
        file.write_text(
            _TOPOLOGY.format(prefix=prefix, vendor=VENDOR, endpoint=vendor, rate=json.dumps(rate), stamps=stamps)
        )
        until = complete(_send(load(file, environ={}), aws, seconds))
        report((json.loads(stamps.read_text()), until))


async def _send(topology: Topology, aws: str, seconds: float) -> float:
    stop, metrics = Stop(), Metrics()
    watch = Watch(metrics, lambda _vendor: None, metrics.watch)
    async with way_to(aws) as way, asyncio.TaskGroup() as group:
        group.create_task(work(topology, [VENDOR], aws=way, stop=stop, clock=SystemClock(), watch=watch))
        await asyncio.sleep(seconds)
        until = monotonic()
        stop.ask("the time is up")
    return until
