"""`sluice demo`."""

from __future__ import annotations

import json
from typing import TextIO

import click

from worker.cli.loop import complete
from worker.cli.options import common
from worker.cli.words import INTERRUPTED, Command
from worker.model.errors import ConfigurationError


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
@click.option("--json", "json_file", type=click.File("w", lazy=False), help="Write the figures here.")
@click.option("--plain", is_flag=True, help="Plain lines instead of the live view.")
@common
@click.pass_context
def command(ctx: click.Context, messages: int, json_file: TextIO | None, plain: bool) -> None:
    """See it work, on this machine alone.

    An embedded AWS, three simulated vendors, 2,000 messages, and a report. Everything runs on this machine, on
    loopback, and is gone afterwards.
    """
    try:
        from worker.app.demo import demo  # noqa: PLC0415 - the extra may not be installed
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed: pip install '.[demo]' in a clone of Sluice, or the Docker target demo"
        ) from error
    verdict = complete(demo(messages=messages, plain=plain))
    if verdict is None:
        ctx.exit(INTERRUPTED)
    if json_file is not None:
        json_file.write(json.dumps(verdict.figures(), indent=2) + "\n")
    ctx.exit(0 if verdict.holds else 1)
