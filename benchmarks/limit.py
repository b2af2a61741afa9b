"""How well a limit is kept and used: one worker at 10/s, 80/s and 600/min, with more in the queue than it may send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from benchmarks import limited
from benchmarks.command import EXITS, measured, report, reporting
from benchmarks.emulator import Emulator, emulator
from benchmarks.figures import Figure
from benchmarks.kept import Sending, figures_of
from benchmarks.queues import Load, fill
from worker.cli.words import Command
from worker.local.process import Process
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import arrivals, serve
from worker.model.rate import parse_rate

_GUARD = 0.02  # seconds; the topology's default
_START = 2.0  # seconds, until the first request has left
_SPARE = 1.2  # times what may be sent: the queue is never empty


@dataclass(frozen=True, slots=True)
class Row:
    """One limit, and for how long it is watched: several windows, so that their edges are crossed."""

    rate: str
    seconds: float


_ROWS = (Row("10/s", 15), Row("80/s", 15), Row("600/min", 125))
_QUICK_ROWS = (Row("10/s", 6), Row("80/s", 6), Row("600/min", 65))


@click.command(
    cls=Command,
    examples=("python -m benchmarks.limit", "python -m benchmarks.limit --quick --json limit.json"),
    exits=EXITS,
)
@click.option("--quick", is_flag=True, help="Watch fewer windows: 80 s in all instead of 160.")
@reporting
def command(quick: bool, json_file: Path | None, check: bool) -> None:
    """Keep three limits, one after the other, each by a worker of its own.

    A violation is a request that left less than a window after the one that stands `limit` before it. The use is what
    was sent of `limit / (window + guard)`, over whole windows.
    """
    report(measured(_measure(_QUICK_ROWS if quick else _ROWS)), json_file=json_file, check=check)


async def _measure(rows: Sequence[Row]) -> Sequence[Figure]:
    vendors = [Behaviour(row.rate, limit=parse_rate(row.rate)) for row in rows]
    async with emulator() as aws, Process("the vendors", partial(serve, vendors)) as served:
        click.echo(f"sending from {aws.name}")
        figures: list[Figure] = []
        for number, row in enumerate(rows, start=1):
            click.echo(f"row {number} of {len(rows)}: {row.rate} for {row.seconds:g} s")
            seen = await _watch(row, aws, served.reported[row.rate], f"limit-{number}")
            figures += figures_of(row.rate, parse_rate(row.rate), _GUARD, seen)
    return figures


async def _watch(row: Row, aws: Emulator, vendor: str, prefix: str) -> Sending:
    seconds = _START + row.seconds
    rate = parse_rate(row.rate)
    await fill(aws.endpoint, prefix, Load(int(_SPARE * (rate.per_second * seconds + rate.windows[0].limit))))
    work = partial(limited.send, aws=aws.endpoint, vendor=vendor, prefix=prefix, rate=row.rate, seconds=seconds)
    async with Process(prefix, work, ready_within=timedelta(seconds=seconds + 60)) as process:
        sent, until = process.reported
    return Sending(sent, [at for at, _ in await arrivals(vendor)], until)


if __name__ == "__main__":
    command()
