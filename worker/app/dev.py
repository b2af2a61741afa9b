"""`sluice dev`: a topology on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path

from worker import health
from worker.app.interruption import unless_stopped
from worker.app.work import Watch, work
from worker.aws.session import Aws
from worker.local.stage import make_secrets, staged
from worker.local.vendors.behaviour import Behaviour
from worker.ops.sample import publish_line
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.pipeline.stop import Stop
from worker.settings import Topology
from worker.supervisor import signals
from worker.telemetry.fanout import Fanout
from worker.telemetry.logs import configure
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals


async def dev(topology: Topology, *, file: Path | None = None, verbosity: int = 0) -> None:
    """Embedded AWS, a simulated vendor for each entry, and the worker; what is in them is gone at the end.

    `file` is the topology's, for what is told of it; None: it came from none. Raises ConfigurationError or ProcessError
    where it cannot start.
    """
    stop = Stop()
    with signals(stop):
        async with AsyncExitStack() as stack:
            scene = await unless_stopped(stop, _set_up(topology, file, stack))
            if scene is not None:
                await _work(*scene, stop, verbosity)


async def _set_up(topology: Topology, file: Path | None, stack: AsyncExitStack) -> tuple[Topology, Aws]:
    behaviours = [Behaviour(name, limit=entry.rate, takes_anything=True) for name, entry in topology.vendors.items()]
    stage = await stack.enter_async_context(staged(topology, behaviours))
    aws = await stack.enter_async_context(stage.stack.aws())
    await make_secrets(stage.topology, aws)
    await up(topology, aws)  # as written, so that `sluice check --aws` finds no difference
    _tell(stage.stack.environment, publish_line(topology, file))
    return stage.topology, aws


async def _work(topology: Topology, aws: Aws, stop: Stop, verbosity: int) -> None:
    clock, metrics, vendors, address = SystemClock(), Metrics(), list(topology.vendors), topology.sluice
    vitals = Vitals(vendors, clock)
    telemetry = Fanout(configure(sys.stdout, verbosity=verbosity), metrics, vitals)
    watched = health.Watched(vitals, metrics)
    watch = Watch(telemetry, vitals.beat, watched.show)
    async with health.serve(address.health_host, address.health_port, watched):
        await work(topology, vendors, aws=aws, stop=stop, clock=clock, watch=watch)


def _tell(environment: dict[str, str], publish: str) -> None:
    """How another terminal reaches it."""
    exports = " ".join(f"{name}={value}" for name, value in environment.items())
    sys.stdout.write(
        "Running on this machine; Ctrl-C stops it. In another terminal, in this folder:\n\n"
        f"  unset AWS_PROFILE; export {exports}\n"
        f"  {publish}\n\n"
    )
    sys.stdout.flush()
