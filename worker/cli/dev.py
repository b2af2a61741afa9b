"""`sluice dev`."""

from __future__ import annotations

from pathlib import Path

import click

from worker.app.dev import dev
from worker.cli.loop import complete
from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.ops.check import check


@click.command(
    cls=Command,
    examples=(
        "sluice dev",
        "sluice dev examples/outbound-messaging",
    ),
    exits="0 stopped, 2 wrong configuration",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@settings
@common
@click.pass_context
def command(ctx: click.Context, folder: Path | None, flags: dict[str, str]) -> None:
    """Run a folder's topology on this machine.

    Embedded AWS, simulated vendors and the worker for its sluice.toml. It runs until Ctrl-C. Publish to it from
    another terminal with what it prints.
    """
    invocation = ctx.ensure_object(Invocation)
    path = folder and folder / "sluice.toml"
    topology = invocation.topology(flags, path=path)
    check(topology).require()
    file = path or (invocation.config if invocation.text is None else None)
    complete(dev(topology, file=file, verbosity=invocation.verbosity))
