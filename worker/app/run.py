"""`sluice run`: the worker, as it runs in production."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from worker import health
from worker.app.work import Watch, work
from worker.aws.session import Aws
from worker.model.names import Names
from worker.pipeline.clock import SystemClock
from worker.pipeline.pipeline import Pipeline
from worker.pipeline.stop import Stop
from worker.ports import Clock
from worker.settings import Topology
from worker.supervisor import signals
from worker.telemetry.emf import Emf
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
    vitals, logs = Vitals(vendors, clock), configure(sys.stdout, verbosity=verbosity)
    address, watched = topology.sluice, health.Watched(vitals, metrics)
    with signals(stop):
        async with (
            health.serve(address.health_host, address.health_port, watched),
            Aws() as aws,
            _lines(topology, vendors, clock) as lines,
        ):

            def show(pipeline: Pipeline) -> None:
                watched.show(pipeline)
                for each in lines:
                    each.show(pipeline)

            watch = Watch(Fanout(logs, metrics, vitals, *lines), vitals.beat, show)
            await work(topology, vendors, aws=aws, stop=stop, clock=clock, watch=watch)


@asynccontextmanager
async def _lines(topology: Topology, vendors: Sequence[str], clock: Clock) -> AsyncIterator[Sequence[Emf]]:
    """Who writes metrics to stdout, where the topology says so."""
    if topology.sluice.metrics != "emf":
        yield ()
        return
    pools = {name: topology.vendors[name].pool for name in vendors}
    async with Emf(Names(topology.sluice.name).metrics, pools, sys.stdout, clock) as emf:
        yield (emf,)
