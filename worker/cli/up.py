"""`sluice up`."""

from __future__ import annotations

from collections import Counter

import click

from worker.aws.changes import Change, Unchanged
from worker.aws.session import Aws
from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.ops.check import check
from worker.ops.up import up
from worker.settings import Topology


@click.command(
    cls=Command,
    examples=(
        "sluice up --dry-run",
        "AWS_PROFILE=staging sluice up",
    ),
    exits="0 as the topology says, 2 wrong configuration or AWS refused",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@settings
@common
@click.pass_obj
def command(invocation: Invocation, dry_run: bool, flags: dict[str, str]) -> None:
    """Make the topology's AWS resources.

    Topics, queues, dead-letter queues and subscriptions, the state table and the bucket, as sluice.toml says.
    Nothing is ever deleted, and a second run changes nothing. AWS is found in the standard way: AWS_PROFILE,
    AWS_REGION, AWS_ENDPOINT_URL.
    """
    topology = invocation.topology(flags)
    check(topology).require()
    changes = complete(_up(topology, dry_run))
    click.echo(_summary(changes, dry_run))


async def _up(topology: Topology, dry_run: bool) -> list[Change]:
    async with Aws() as aws:
        return await up(topology, aws, mode="dry-run" if dry_run else "apply", on_change=_tell)


def _tell(change: Change) -> None:
    if not isinstance(change, Unchanged):
        click.echo(str(change))


def _summary(changes: list[Change], dry_run: bool) -> str:
    counts = Counter(type(change).__name__.lower() for change in changes)
    words = ", ".join(f"{counts[kind]} {kind}" for kind in ("created", "updated", "unchanged"))
    return f"dry run, nothing was changed; it would be: {words}" if dry_run else words
