"""`sluice plan`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from worker.cli.options import Invocation, common, settings
from worker.cli.words import Command
from worker.model.rate import parse_rate
from worker.ops.load import Load, Said, each, spread
from worker.ops.plan import plan
from worker.ops.plantable import as_json, as_table
from worker.ops.prices import Prices
from worker.settings.platform import MARK

_DAY = 86_400

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def _said(number: Callable[[str], float]) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], Said]:
    """Read `[VENDOR=]…` texts."""

    def read(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> Said:
        try:
            return [(text.rpartition("=")[0], number(text.rpartition("=")[2])) for text in texts]
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"{text!r} is no number to plan for: 0 or more")
    return number


def _duration(text: str) -> float:
    if (number := _number(text)) == 0:
        raise ValueError("a request that takes no time cannot be planned for; leave it out if it is not known")
    return number


def _rate(text: str) -> float:
    try:
        return parse_rate(text).per_second
    except OverflowError:
        raise ValueError(f"{text!r} is slower than can be counted") from None


def _load(name: str, to: str, metavar: str, number: Callable[[str], float], help_: str) -> Option:
    return click.option(name, to, multiple=True, metavar=f"[VENDOR=]{metavar}", callback=_said(number), help=help_)


@click.command(
    cls=Command,
    examples=(
        "sluice plan --messages-per-day 1000000",
        "sluice plan --rate 20/s --seconds-per-request 0.3 --backlog 100000",
        "sluice plan --rate foo-primary=50/s --rate 5/s --json",
    ),
    exits="0, 2 wrong configuration",
)
@_load("--rate", "rates", "RATE", _rate, "Messages that come, such as 20/s.")
@_load("--messages-per-day", "days", "N", _number, "The same, over a day.")
@_load("--backlog", "backlogs", "N", _number, "Messages that wait already.")
@_load("--seconds-per-request", "durations", "N", _duration, "Else a tenth of the vendor's timeout is assumed.")
@click.option("--prices", type=click.Path(path_type=Path, dir_okay=False), help="Other prices, in a file like ours.")
@click.option("--json", "is_json", is_flag=True, help="For programs.")
@settings
@common
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    rates: Said,
    days: Said,
    backlogs: Said,
    durations: Said,
    prices: Path | None,
    is_json: bool,
    flags: dict[str, str],
) -> None:
    """Say what a load needs on ECS, and what that costs.

    Tasks for each vendor and pool, how long a backlog takes, what binds, and the month's bill line by line, idle and
    at the load. A load is for all vendors together, in equal parts; VENDOR=… says it of one. Nothing is asked of AWS.
    """
    topology = invocation.topology(flags, environ={**os.environ, MARK: "plan"})
    coming = [*rates, *((vendor, number / _DAY) for vendor, number in days)]
    load = Load(spread(coming, topology), spread(backlogs, topology), each(durations, topology))
    planned = plan(topology, load, Prices.load(prices))
    click.echo(as_json(planned) if is_json else as_table(planned))
