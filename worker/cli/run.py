"""`sluice run`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from worker.app.run import run
from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.model.errors import ConfigurationError
from worker.ops.check import check
from worker.settings import Topology
from worker.settings.names import fold, nearest


@click.command(
    cls=Command,
    examples=(
        "sluice run",
        "sluice run --vendor foo-primary --vendor foo-secondary",
        "sluice run --pool default",
        "sluice run --set vendors.foo-primary.concurrency=4",
    ),
    exits="0 stopped cleanly, 2 wrong configuration or AWS refused",
)
@click.option("--vendor", "wanted", multiple=True, metavar="NAME", help="Only this vendor; may be repeated.")
@click.option(
    "--pool", envvar="SLUICE_POOL", metavar="NAME", help="Only vendors of this pool; default: $SLUICE_POOL, else all."
)
@settings
@common
@click.pass_obj
def command(invocation: Invocation, wanted: tuple[str, ...], pool: str | None, flags: dict[str, str]) -> None:
    """Drain the vendors' queues.

    All vendors', or those of a pool, or of some, until SIGTERM or Ctrl-C. A stop hands back what was not sent and
    settles the rest; a second signal ends the grace.
    """
    topology = invocation.topology(flags)
    vendors = chosen(wanted, topology) if pool is None else _pooled(wanted, fold(pool), topology)
    check(_only(vendors, topology)).require()
    complete(run(topology, vendors, verbosity=invocation.verbosity))


def chosen(wanted: Sequence[str], topology: Topology) -> tuple[str, ...]:
    """The vendors that were named, or all; raises ConfigurationError that names the nearest one."""
    for name in wanted:
        if fold(name) not in topology.vendors:
            raise ConfigurationError(f"there is no vendor {name}; {nearest(name, topology.vendors)}")
    chosen = {fold(name) for name in wanted} or set(topology.vendors)
    return tuple(name for name in topology.vendors if name in chosen)


def _pooled(wanted: Sequence[str], pool: str, topology: Topology) -> tuple[str, ...]:
    """The pool's vendors, of those that were named; raises ConfigurationError where it has none of them."""
    if pool not in topology.pools:
        raise ConfigurationError(f"there is no pool {pool}; {nearest(pool, topology.pools)}")
    found = tuple(name for name in chosen(wanted, topology) if topology.vendors[name].pool == pool)
    if not found:
        raise ConfigurationError(f"no vendor of {', '.join(wanted) or 'the topology'} runs in the pool {pool}")
    return found


def _only(vendors: Sequence[str], topology: Topology) -> Topology:
    return topology.model_copy(update={"vendors": {name: topology.vendors[name] for name in vendors}})
