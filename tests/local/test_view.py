"""What a person reads: a table on a terminal of 80 columns, plain lines elsewhere, and the report."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from worker.local import view
from worker.local.depths import Depth
from worker.local.progress import Row
from worker.local.vendors.counters import Counters
from worker.local.verdict import Evidence, judge
from worker.telemetry.counts import Tally

ROW = Row(
    vendor="chat",
    waiting=1500,
    in_flight=40,
    delivered=1234,
    rate=79.84,
    limit="80/s",
    retried=101,
    throttled=102,
    buried=103,
    closed=False,
    seconds_left=19.2,
)
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


@pytest.fixture
def console() -> Console:
    """A terminal of 80 columns, written to memory; colours and cursor are written too."""
    return Console(file=StringIO(), width=80, height=24, force_terminal=True, color_system="standard", _environ={})


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_table_shows_every_figure_in_80_columns(console: Console) -> None:
    """Nothing is cut, neither a heading nor a figure."""
    with view.table(console) as show:
        show([ROW], 12.0)
    drawn = written(console)
    for words in ("vendor", "waiting", "in flight", "delivered", "rate", "limit", "retries", "throttled", "buried"):
        assert words in drawn
    for figure in ("chat", "1500", "40", "1234", "79.8/s", "80/s", "101", "102", "103", "19 s"):
        assert figure in drawn
    assert "…" not in drawn


def test_the_cursor_is_back_whatever_happens(console: Console) -> None:
    """Hidden while the table is drawn, then shown again; with an error in between, too."""
    with view.table(console) as show:
        show([ROW], 12.0)
        assert HIDE in written(console)
        assert SHOW not in written(console)
    assert written(console).rfind(HIDE) < written(console).rfind(SHOW)
    shown = written(console).count(SHOW)
    with pytest.raises(ZeroDivisionError), view.table(console):
        raise ZeroDivisionError
    assert written(console).count(SHOW) == shown + 1


def test_a_closed_vendor_stands_out(console: Console) -> None:
    """Its row is yellow; in a plain line the word says so."""
    with view.table(console) as show:
        show([ROW], 1.0)
        assert "\x1b[33m" not in written(console)
        show([replace(ROW, closed=True)], 2.0)
    assert "\x1b[33m" in written(console)
    with view.lines(console) as show:
        show([replace(ROW, closed=True)], 2.0)
    assert ", closed" in written(console)


def test_a_line_is_one_line_with_every_figure() -> None:
    """However narrow the terminal; and without colours where it is none."""
    console = Console(file=StringIO(), width=40, _environ={})
    with view.lines(console) as show:
        show([ROW, replace(ROW, vendor="crm", limit="-")], 2.0)
    assert written(console) == (
        "  2.0 s  chat 1234 delivered, 1500 waiting, 40 in flight, 80/s of 80/s, 101 retries, 102 throttled, "
        "103 buried, ETA 19 s  |  crm 1234 delivered, 1500 waiting, 40 in flight, 80/s of -, 101 retries, "
        "102 throttled, 103 buried, ETA 19 s\n"
    )


@pytest.mark.parametrize(
    ("row", "eta"),
    [
        (replace(ROW, seconds_left=None), "ETA -"),
        (replace(ROW, waiting=0, in_flight=0, seconds_left=None), "ETA done"),
        (replace(ROW, waiting=0, in_flight=1, seconds_left=0.4), "ETA 0 s"),
    ],
)
def test_an_eta_is_seconds_or_done_or_not_known(row: Row, eta: str) -> None:
    """Done is what neither waits nor is held."""
    console = Console(file=StringIO(), width=80, _environ={})
    with view.lines(console) as show:
        show([row], 0.0)
    assert written(console).endswith(f"{eta}\n")


def test_the_report_marks_what_failed() -> None:
    """Every promise has its line, what holds and what does not; the counts are above, none of them cut."""
    console = Console(file=StringIO(), width=80, _environ={})
    answered = {200: 2000, 429: 1}
    counters = Counters(
        2001, answered, delivered=2000, duplicates=0, worst=(), closings=0, worst_closing=0, worst_defiance=0
    )
    good = Evidence("chat", 2000, counters, Depth(), Tally(sqs_calls=433))
    view.report(console, judge([good, replace(good, vendor="crm", published=2001)], 30.0, most_seconds=60))
    report = written(console)
    assert "duplicates 429s SQS calls per message" in report
    assert "0.2165" in report
    assert "…" not in report
    assert "\n  ok     chat: 2000 keys published = 2000 delivered + 0 buried\n" in report
    assert "\n  FAILED crm: 2001 keys published = 2000 delivered + 0 buried\n" in report
