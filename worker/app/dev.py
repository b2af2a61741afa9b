"""`sluice dev`: a topology on this machine, until Ctrl-C."""

from __future__ import annotations

import sys

from worker import health
from worker.app.work import Watch, work
from worker.local.stage import make_secrets, staged
from worker.local.vendors.behaviour import Behaviour
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.pipeline.stop import Stop
from worker.settings import Topology
from worker.supervisor import signals
from worker.telemetry.fanout import Fanout
from worker.telemetry.logs import configure
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals


async def dev(topology: Topology, *, verbosity: int = 0) -> None:
    """Embedded AWS, a simulated vendor for each entry, and the worker; what is in them is gone at the end.

    Raises ConfigurationError or ProcessError where it cannot start.
    """
    stop, clock, metrics, vendors = Stop(), SystemClock(), Metrics(), list(topology.vendors)
    vitals = Vitals(vendors, clock)
    behaviours = [Behaviour(name, limit=topology.vendors[name].rate, takes_anything=True) for name in vendors]
    address = topology.sluice
    with signals(stop):
        async with staged(topology, behaviours) as stage, stage.stack.aws() as aws:
            await make_secrets(topology, aws)
            await up(stage.topology, aws)
            _tell(stage.stack.environment)
            telemetry = Fanout(configure(sys.stdout, verbosity=verbosity), metrics, vitals)
            watch = Watch(telemetry, vitals.beat, metrics.watch)
            async with health.serve(address.health_host, address.health_port, vitals=vitals, metrics=metrics):
                await work(stage.topology, vendors, aws=aws, stop=stop, clock=clock, watch=watch)


def _tell(environment: dict[str, str]) -> None:
    """How another terminal reaches it."""
    exports = " ".join(f"{name}={value}" for name, value in environment.items())
    sys.stdout.write(
        "Running on this machine; Ctrl-C stops it. In another terminal, in this folder:\n\n"
        f"  export {exports}\n"
        """  sluice publish '{"hello": "world"}' --attribute target=NAME\n\n"""
    )
    sys.stdout.flush()
