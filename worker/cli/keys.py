"""`sluice keys`."""

from __future__ import annotations

import click

from worker.cli.options import common
from worker.cli.words import Command
from worker.ops.keys import events_table, settings_tables


@click.command(
    cls=Command,
    examples=(
        "sluice keys",
        "sluice keys --events",
    ),
    exits="0",
)
@click.option("--events", is_flag=True, help="The events that a worker logs and counts, instead.")
@common
def command(events: bool) -> None:
    """Print every key of sluice.toml, as Markdown.

    Type, default and meaning; with --events, what a worker tells of itself.
    """
    click.echo(events_table() if events else settings_tables())
