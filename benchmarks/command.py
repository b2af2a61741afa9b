"""What the benchmarks' commands share: `--json FILE`, `--check`, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from benchmarks.figures import Figure, table, write
from worker.model.errors import SluiceError

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

EXITS = "0 measured; 1 a figure is missed (with --check), or it could not be measured"


def reporting(command: F) -> F:
    """`--json FILE` and `--check`, as the keywords of `report`."""
    file = click.option(
        "--json",
        "json_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write the figures here, as one flat object.",
    )
    check = click.option("--check", is_flag=True, help="Exit with 1 if a figure is missed.")
    return file(check(command))


def measured(measure: Coroutine[None, None, T]) -> T:
    """Run a measurement to its end; what keeps it from being made is told without a traceback."""
    try:
        return asyncio.run(measure)
    except SluiceError as error:
        raise click.ClickException(str(error)) from error


def report(figures: Sequence[Figure], *, json_file: Path | None, check: bool, shown: str | None = None) -> None:
    """Print a table, or what is `shown` in its place, write the file, and exit with 1 if asked to and one is missed."""
    click.echo(table(figures) if shown is None else shown)
    if json_file is not None:
        write(figures, json_file)
    if check and any(figure.missed for figure in figures):
        raise click.exceptions.Exit(1)
