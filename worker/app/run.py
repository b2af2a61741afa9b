"""`sluice run`: the worker, as it runs in production."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from worker import health
from worker.app.work import Watch, work
from worker.aws.session import Aws
from worker.pipeline.clock import SystemClock
from worker.pipeline.stop import Stop
from worker.settings import Topology
from worker.supervisor import signals
from worker.telemetry.fanout import Fanout
from worker.telemetry.logs import configure
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals


async def run(topology: Topology, vendors: Sequence[str], *, verbosity: int = 0) -> None:
    """Work until SIGTERM or SIGINT.

    Raises ConfigurationError, RefusedError or UnavailableError where it cannot start, OverdueError where it cannot
    stop in time.
    """
    stop, clock, metrics = Stop(), SystemClock(), Metrics()
    vitals = Vitals(vendors, clock)
    telemetry = Fanout(configure(sys.stdout, verbosity=verbosity), metrics, vitals)
    address, watched = topology.sluice, health.Watched(vitals, metrics)
    with signals(stop):
        async with health.serve(address.health_host, address.health_port, watched), Aws() as aws:
            watch = Watch(telemetry, vitals.beat, watched.show)
            await work(topology, vendors, aws=aws, stop=stop, clock=clock, watch=watch)
