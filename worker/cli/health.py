"""`sluice health`."""

from __future__ import annotations

import click

from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.ops.probe import live_url, probe


@click.command(
    cls=Command,
    examples=(
        "sluice health",
        "sluice health --url http://127.0.0.1:8080/ready",
    ),
    exits="0 it is, 1 it is not or does not answer, 2 wrong configuration",
)
@click.option("--url", metavar="URL", help="Ask here, instead of where the topology says.")
@settings
@common
@click.pass_context
def command(ctx: click.Context, url: str | None, flags: dict[str, str]) -> None:
    """Ask the worker whether it is alive.

    For the health checks of Docker and ECS.
    """
    answer = complete(probe(url or live_url(ctx.ensure_object(Invocation).topology(flags))))
    click.echo(answer.text, err=not answer.ok)
    ctx.exit(0 if answer.ok else 1)
