"""`sluice check`."""

from __future__ import annotations

import click

from worker.aws.session import Aws
from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.ops.check import check, check_live
from worker.ops.report import Report
from worker.settings import Topology


@click.command(
    cls=Command,
    examples=(
        "sluice check",
        "sluice check -c examples/outbound-messaging/sluice.toml",
        "sluice check --aws",
    ),
    exits="0 it can run (there may be warnings), 2 it cannot",
)
@click.option("--aws", "live", is_flag=True, help="Compare with what is live, too; changes nothing.")
@settings
@common
@click.pass_context
def command(ctx: click.Context, live: bool, flags: dict[str, str]) -> None:
    """Check the topology, offline.

    Every key, adapter, number and filter policy; with --aws, what is live too.
    """
    topology = ctx.ensure_object(Invocation).topology(flags)
    report = complete(_live(topology)) if live else check(topology)
    click.echo(str(report))
    ctx.exit(2 if report.errors else 0)


async def _live(topology: Topology) -> Report:
    async with Aws() as aws:
        return await check_live(topology, aws)
