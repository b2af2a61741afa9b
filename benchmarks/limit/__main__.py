"""A limit, kept by one worker and by a fleet, beside what people write instead: arrivals, and how much was used."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.command import EXITS, measured, report, reporting
from benchmarks.emulator import emulator
from benchmarks.figures import Figure, Goal, table
from benchmarks.limit.place import Place
from benchmarks.limit.result import Result
from benchmarks.limit.rows import ROWS, Row
from benchmarks.limit.summary import summary
from benchmarks.limit.vendor import serve
from worker.cli.words import Command
from worker.local.process import Process
from worker.local.stack import EmbeddedAws
from worker.model.errors import SluiceError
from worker.model.rate import parse_rate

_OVERHEAD = 15.0  # seconds of a row in which nothing is watched: its workers start


@click.command(
    cls=Command,
    examples=(
        "python -m benchmarks.limit --check",
        "python -m benchmarks.limit --quick --json limit.json",
        "python -m benchmarks.limit --plots . --only '600/min' --only 'fleet-600*'",
    ),
    exits=EXITS,
)
@click.option("--only", multiple=True, metavar="ROW", help="Only these rows; * stands for anything.")
@click.option("--quick", is_flag=True, help="Fewer and shorter rows: ten minutes instead of half an hour.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Draw the arrivals into this folder.")
@reporting
def command(only: tuple[str, ...], quick: bool, plots: Path | None, json_file: Path | None, check: bool) -> None:
    """Keep limits, a row after the other: one worker, eight that share a limit, and eight in trouble.

    A request that left less than a window after the one that stands `limit` before it is one too many. The use is what
    was sent of `limit / (window + guard)`, over whole windows.
    """
    if plots is not None and find_spec("matplotlib") is None:
        raise click.UsageError("--plots needs matplotlib: pip install '.[bench]'")
    rows = [(row, seconds) for row in _chosen(only) if (seconds := row.quick if quick else row.seconds) is not None]
    results = measured(_watch_all(rows))
    if plots is not None:
        _draw(results, plots)
    figures = [figure for result in results for figure in result.figures]
    report(figures, shown=f"{table(figures)}\n\n{summary(results)}", json_file=json_file, check=check)


def _chosen(patterns: Sequence[str]) -> Sequence[Row]:
    names = [row.name for row in ROWS]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise click.BadParameter(f"no row is {pattern!r}; there are {', '.join(names)}", param_hint="--only")
    return [row for row in ROWS if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)]


async def _watch_all(rows: Sequence[tuple[Row, float]]) -> Sequence[Result]:
    results: list[Result] = []
    left = sum(seconds + _OVERHEAD for _, seconds in rows)
    async with emulator() as fast, EmbeddedAws() as stack, Process("the vendor", serve) as vendor:
        place = Place(fast.endpoint, stack, vendor.reported)
        click.echo(f"one worker receives from {fast.name}, fleets from the embedded AWS", err=True)
        for number, (row, seconds) in enumerate(rows, start=1):
            told = f"row {number} of {len(rows)}: {row.name} for {seconds:g} s, about {left / 60:.0f} min to go"
            click.echo(told, err=True)
            results.append(await _watch(row, place, seconds))
            click.echo(table([figure for figure in results[-1].figures if figure.goal]), err=True)
            left -= seconds + _OVERHEAD
    return results


async def _watch(row: Row, place: Place, seconds: float) -> Result:
    """A row that cannot be measured is one that is missed: half an hour's others are not lost."""
    try:
        return await row.watch(place, seconds)
    except SluiceError as error:
        click.echo(str(error), err=True)
        failed = Figure(f"{row.name}.failed", 1, "times", Goal("≤", 0))
        return Result(row.name, row.group, parse_rate(row.rate), [], [failed], "failed")


def _draw(results: Sequence[Result], folder: Path) -> None:
    from benchmarks.limit.plots import draw  # noqa: PLC0415 - matplotlib is optional

    for file in draw([result for result in results if result.seen], folder):
        click.echo(f"drew {file}", err=True)


if __name__ == "__main__":
    command()
