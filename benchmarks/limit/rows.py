"""All rows, in the order in which they are watched."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.limit.alone import Alone
from benchmarks.limit.backlog import Backlog
from benchmarks.limit.fleet import Fleet
from benchmarks.limit.troubles import TASKS, freezes, kills, scale_out, steady, table_away

Row = Alone | Fleet | Backlog

# Seconds: several windows, so that their edges are crossed; the second number with --quick, None: then left out.
ROWS: Sequence[Row] = (
    Alone("10/s", "10/s", 15, 6),
    Alone("80/s", "80/s", 15, 6, multiplied=True),
    Alone("600/min", "600/min", 125, 65),
    Alone("1000/s", "1000/s", 15, 6, least_use=0.93, concurrency=100),
    Alone("10/s+150/min", ["10/s", "150/min"], 125, 65),
    Fleet("fleet-80/s", "80/s", steady, 40, 15, 0.8),
    Fleet("fleet-80/s-scale-out", "80/s", scale_out, 45, 20, 0.8),
    Fleet("fleet-80/s-kills", "80/s", kills, 40, 15, 0.8),
    Fleet("fleet-80/s-table-away", "80/s", table_away, 120, 60, None),
    Fleet("fleet-80/s-freezes", "80/s", freezes, 50, 15, None, freezes=True),
    Fleet("fleet-600/min", "600/min", steady, 125, 65, 0.95),
    Fleet("fleet-600/min-scale-out", "600/min", scale_out, 125, None, 0.95),
    Fleet("fleet-600/min-kills", "600/min", kills, 125, None, 0.95),
    Fleet("fleet-600/min-table-away", "600/min", table_away, 180, None, None),
    Fleet("fleet-600/min-freezes", "600/min", freezes, 125, None, None, freezes=True),
    Backlog("backlog-1-task", 1, "one", 150, 20),
    Backlog(f"backlog-{TASKS}-tasks", TASKS, "fleet", 150, 20),
)
