"""A simulated day of a queue with a vendor's limit: Sluice's scaling beside what people use instead."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.command import EXITS, report, reporting
from benchmarks.figures import table
from benchmarks.scaling.contenders import Played, play_all
from benchmarks.scaling.pattern import PATTERNS
from benchmarks.scaling.summary import figures, summary
from worker.cli.words import Command
from worker.ops.prices import Prices

_NAMES = [pattern.name for pattern in PATTERNS]


@click.command(
    cls=Command,
    examples=(
        "python -m benchmarks.scaling --check",
        "python -m benchmarks.scaling --only burst --json scaling.json",
        "python -m benchmarks.scaling --plots docs",
    ),
    exits=EXITS,
)
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Only these patterns; may be repeated.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Draw scaling.png into this folder.")
@click.option(
    "--acceptable",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Copilot's acceptable latency, as a share of the goal.",
)
@reporting
def command(only: tuple[str, ...], plots: Path | None, acceptable: float, json_file: Path | None, check: bool) -> None:
    """Play days against the functions that the scaler and the template are made of; the same in each run.

    The vendor takes 80/s and needs 2 s; a task makes 20 requests at once and 60 s to start; a datapoint is acted on
    after 60 s; ten tasks may run. The other two that run tasks run the same worker under the same limiter. Less than
    a minute.
    """
    if plots is not None and find_spec("matplotlib") is None:
        raise click.UsageError("--plots needs matplotlib: pip install '.[bench]'")
    prices = Prices.load()
    days = [
        play_all(pattern, prices, acceptable=acceptable) for pattern in PATTERNS if not only or pattern.name in only
    ]
    if plots is not None:
        _draw(days, plots / "scaling.png")
    found = [figure for day in days for figure in figures(day)]
    played = [each for day in days for each in day]
    report(found, shown=f"{table(found)}\n\n{summary(played)}", json_file=json_file, check=check)


def _draw(days: Sequence[Sequence[Played]], file: Path) -> None:
    from benchmarks.scaling.plots import draw  # noqa: PLC0415 - matplotlib is optional

    draw(days, file)
    click.echo(f"drew {file}", err=True)


if __name__ == "__main__":
    command()
