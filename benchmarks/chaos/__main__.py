"""Trouble for real worker processes: nothing may be lost, and every duplicate must have a cause."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.chaos.ride import Ride, ride
from benchmarks.chaos.storms import STORMS, Storm
from benchmarks.chaos.summary import summary
from benchmarks.command import EXITS, measured, report, reporting
from worker.cli.words import Command
from worker.local.stack import EmbeddedAws

_NAMES = [storm.name for storm in STORMS]
_DRAINING = 6.0  # seconds of each run that are not trouble; some storms need more, some none


@click.command(
    cls=Command,
    examples=(
        "python -m benchmarks.chaos",
        "python -m benchmarks.chaos --minutes 10 --json chaos.json --check",
        "python -m benchmarks.chaos --only kill",
    ),
    exits=EXITS,
)
@click.option("--minutes", type=click.FloatRange(min=1), default=3.0, show_default=True, help="For all, about.")
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="Only these storms.")
@reporting
def command(minutes: float, only: tuple[str, ...], json_file: Path | None, check: bool) -> None:
    """Kill workers, freeze them, replace them; take SQS or the table away; let SQS and the vendor fail; poison.

    Each storm has a queue, workers and a vendor of its own. What SQS and the vendor saw is written down by a proxy
    between them and the workers, and judged: lost messages and violations must be none.
    """
    storms = [storm for storm in STORMS if not only or storm.name in only]
    rides = measured(_ride_all(storms, minutes * 60 / len(storms) - _DRAINING))
    figures = [figure for each in rides for figure in each.figures()]
    report(figures, shown=summary(rides), json_file=json_file, check=check)


async def _ride_all(storms: Sequence[Storm], seconds: float) -> Sequence[Ride]:
    rides: list[Ride] = []
    async with EmbeddedAws() as stack:
        for number, storm in enumerate(storms, start=1):
            click.echo(f"storm {number} of {len(storms)}: {storm.name} for {max(seconds, 5):.0f} s", err=True)
            rides.append(await ride(stack, storm, f"chaos-{storm.name.replace('_', '-')}", max(seconds, 5)))
            for violation in rides[-1].judgement.violations[:3]:
                click.echo(str(violation), err=True)
    return rides


if __name__ == "__main__":
    command()
