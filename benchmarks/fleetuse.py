"""What a limit that the fleet shares can use of it, and how long a lost table is waited for: arithmetic, no run."""

from __future__ import annotations

import click

from worker.cli.words import Command
from worker.model.pacing import pacing
from worker.model.rate import parse_rate
from worker.ops.table import markdown

_RATES: tuple[str | list[str], ...] = ("1/s", "80/s", "1000/s", "60/min", "600/min", ["10/s", "150/min"])


@click.command(cls=Command, examples=("python -m benchmarks.fleetuse",), exits="0")
@click.option("--guard", type=click.FloatRange(min=0), default=0.02, show_default=True, help="Seconds.")
def command(guard: float) -> None:
    """Print the table of docs/limits.md.

    The use is of limit / (window + guard), of the window that binds.
    """
    rows = [("limit", "max_tasks", "use", "table away: safe share after", "back: first reservation after")]
    for text in _RATES:
        rate = parse_rate(text)
        window = min(rate.windows, key=lambda window: window.limit / (window.seconds + guard))
        for tasks in (4, 8):
            made = pacing(rate, guard=guard, max_tasks=tasks)
            use = (window.seconds + guard) / window.limit / made.spacing
            rows.append((str(rate), str(tasks), f"{use:.1%}", f"{made.given_up:.1f} s", f"{made.rest:.1f} s"))
    click.echo(markdown(rows))


if __name__ == "__main__":
    command()
