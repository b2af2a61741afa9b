"""`sluice limits`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from worker.aws.session import Aws
from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.run import chosen
from worker.cli.words import Command
from worker.ops.limits import VendorStanding, as_json, as_table, live_limits, local_limits
from worker.pipeline.clock import SystemClock
from worker.settings import Topology


@click.command(
    cls=Command,
    examples=(
        "sluice limits",
        "sluice limits foo-primary --json",
    ),
    exits="0, 2 wrong configuration, AWS refused or away, no worker answers",
)
@click.argument("vendor", nargs=-1)
@click.option("--json", "is_json", is_flag=True, help="For programs.")
@settings
@common
@click.pass_obj
def command(invocation: Invocation, vendor: tuple[str, ...], is_json: bool, flags: dict[str, str]) -> None:
    """Show how vendors stand with their limits.

    Of each vendor, or of those named: its windows and how much of the last one is used, what may be sent now, how
    many tasks share it, what they have reserved ahead, and why its messages wait. With [sluice] table all tasks are
    summed up, as they reported within the last 15 seconds; without it the worker on this machine is asked.
    """
    topology = invocation.topology(flags)
    standings = complete(_ask(topology, chosen(vendor, topology)))
    click.echo(as_json(standings) if is_json else as_table(standings))


async def _ask(topology: Topology, vendors: Sequence[str]) -> Sequence[VendorStanding]:
    if not topology.sluice.table:
        return await local_limits(topology, vendors)
    async with Aws() as aws:
        return await live_limits(topology, vendors, aws, SystemClock())
