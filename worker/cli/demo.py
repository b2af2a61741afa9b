"""`sluice demo`."""

from __future__ import annotations

from pathlib import Path

import click

from worker import app
from worker.cli.loop import complete
from worker.cli.options import common
from worker.cli.words import Command


@click.command(
    cls=Command,
    examples=(
        "sluice demo",
        "sluice demo --messages 500 --plain",
        "sluice demo --json figures.json",
    ),
    exits="0 the report holds, 1 it does not, 130 interrupted",
)
@click.option("--messages", type=click.IntRange(min=1), default=2000, show_default=True, help="How many to publish.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here.")
@click.option("--plain", is_flag=True, help="Plain lines instead of the live view.")
@common
@click.pass_context
def command(ctx: click.Context, messages: int, json_file: Path | None, plain: bool) -> None:
    """See it work: an embedded AWS, three simulated vendors, 2,000 messages, and a report.

    Everything runs on this machine, on loopback, and is gone afterwards.
    """
    ctx.exit(complete(app.demo(messages=messages, json_file=json_file, plain=plain)))
