"""The demo as a person sees it: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from worker.local.progress import Row
from worker.local.verdict import Verdict

_COLUMNS = ("vendor", "waiting", "in flight", "delivered", "rate", "limit", "retries", "throttled", "buried", "ETA")
_COUNTED = ("vendor", "published", "delivered", "buried", "left", "duplicates", "429s", "SQS calls per message")

Show = Callable[[Sequence[Row], float], None]


@contextmanager
def table(console: Console) -> Iterator[Show]:
    """A table that is drawn anew at each call; the terminal is as it was afterwards."""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda rows, seconds: live.update(_drawn(rows, seconds), refresh=True)


@contextmanager
def lines(console: Console) -> Iterator[Show]:
    """A line for each call."""

    def show(rows: Sequence[Row], seconds: float) -> None:
        console.print(f"{seconds:5.1f} s  " + "  |  ".join(_line(row) for row in rows), soft_wrap=True, highlight=False)

    yield show


def report(console: Console, verdict: Verdict) -> None:
    """The verdict: a table of what vendors and queues counted, then each promise."""
    shown = _headed(_COUNTED, title="What the vendors and the queues counted")
    figures = verdict.figures()
    keys = ("published", "delivered", "buried", "left", "duplicates", "throttled", "sqs_calls_per_message")
    for each in verdict.evidence:
        shown.add_row(each.vendor, *(f"{figures[f'{each.vendor}.{key}']:g}" for key in keys))
    console.print(shown)
    for check in verdict.checks:
        mark = Text("  ok    ", "green") if check.holds else Text("  FAILED", "bold red")
        console.print(Text.assemble(mark, " ", check.text), soft_wrap=True, highlight=False)


def _drawn(rows: Sequence[Row], seconds: float) -> Group:
    shown = _headed(_COLUMNS)
    for row in rows:
        shown.add_row(*_cells(row), style="yellow" if row.closed else None)
    return Group(shown, Text(f"{seconds:.0f} s   yellow: the vendor has asked us to wait   Ctrl-C stops", "dim"))


def _headed(columns: Sequence[str], title: str | None = None) -> Table:
    """An empty table, narrow enough for a terminal of 80 columns."""
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for name in columns:
        shown.add_column(name, justify="left" if name == "vendor" else "right")
    return shown


def _cells(row: Row) -> Sequence[str]:
    return (
        row.vendor,
        str(row.waiting),
        str(row.in_flight),
        str(row.delivered),
        f"{row.rate:.1f}/s",
        row.limit,
        str(row.retried),
        str(row.throttled),
        str(row.buried),
        _eta(row),
    )


def _line(row: Row) -> str:
    closed = ", closed" if row.closed else ""
    return (
        f"{row.vendor} {row.delivered} delivered, {row.waiting} waiting, {row.in_flight} in flight, "
        f"{row.rate:.0f}/s of {row.limit}, {row.retried} retries, {row.throttled} throttled, {row.buried} buried, "
        f"ETA {_eta(row)}{closed}"
    )


def _eta(row: Row) -> str:
    if row.waiting == 0 and row.in_flight == 0:
        return "done"
    return "-" if row.seconds_left is None else f"{row.seconds_left:.0f} s"
