"""What Sluice costs beside a floor: CPU, throughput, SQS calls and memory of draining a queue as fast as it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from benchmarks import floor, production, sink
from benchmarks.command import EXITS, measured, report, reporting
from benchmarks.comparison import Pair, compare, compare_lengths
from benchmarks.drained import Drained
from benchmarks.emulator import Emulator, emulator
from benchmarks.figures import Figure
from benchmarks.queues import Load, check_empty, fill
from worker.cli.words import Command
from worker.local.process import Process

_LONG = 100_000  # messages
_MOST = timedelta(minutes=10)  # for one run


@click.command(
    cls=Command,
    examples=(
        "python -m benchmarks.drain",
        "python -m benchmarks.drain --runs 3 --json drain.json",
        "python -m benchmarks.drain --long --check",
    ),
    exits=EXITS,
)
@click.option("--messages", type=click.IntRange(min=10), default=10_000, show_default=True, help="In the queue.")
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True, help="Of each side, in turns.")
@click.option("--long", "also_long", is_flag=True, help=f"Also with {_LONG:,} messages, to see what grows.")
@reporting
def command(messages: int, runs: int, also_long: bool, json_file: Path | None, check: bool) -> None:
    """Drain a queue into a vendor without a limit.

    Sluice as it runs in production, and in turns with it the floor: bare aioboto3 and aiohttp, with no lease, retry,
    throttle, log or metric. Each run has a fresh queue and a process of its own; figures are medians, and ratios are
    medians of each run's ratio to the floor's run just before. A side that is busy for less than 0.9 of a core waited:
    then the emulator, the vendor or the machine bounds its throughput.
    """
    report(measured(_measure(messages, runs, also_long=also_long)), json_file=json_file, check=check)


async def _measure(messages: int, runs: int, *, also_long: bool) -> Sequence[Figure]:
    async with emulator() as aws, Process("the vendor", sink.serve) as vendor:
        click.echo(f"draining from {aws.name}")
        pairs = await _pairs(aws, vendor.reported, messages, runs)
        figures = compare(pairs)
        if also_long:
            figures += compare_lengths(pairs, await _pairs(aws, vendor.reported, _LONG, runs))
    return figures


async def _pairs(aws: Emulator, vendor: str, messages: int, runs: int) -> list[Pair]:
    pairs = []
    for run in range(1, runs + 1):
        name = f"{messages:,} messages, run {run} of {runs}"
        pair = Pair(
            floor=await _run(floor.drain, aws, vendor, f"floor-{messages}-{run}", messages),
            sluice=await _run(production.drain, aws, vendor, f"sluice-{messages}-{run}", messages),
        )
        click.echo(f"{name}: floor {_told(pair.floor)}, Sluice {_told(pair.sluice)}")
        pairs.append(pair)
    return pairs


async def _run(drain: Callable[..., None], aws: Emulator, vendor: str, prefix: str, messages: int) -> Drained:
    await fill(aws.endpoint, prefix, Load(messages))
    work = partial(drain, endpoint=aws.endpoint, sink=vendor, prefix=prefix, messages=messages)
    async with Process(prefix, work, ready_within=_MOST) as process:
        drained: Drained = process.reported
    await check_empty(aws.endpoint, prefix)
    return drained


def _told(drained: Drained) -> str:
    return f"{drained.cpu_per_message:.0f} µs CPU a message at {drained.rate:,.0f}/s"


if __name__ == "__main__":
    command()
