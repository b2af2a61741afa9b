"""Pictures of arrivals against the limit: one for each group of rows, a panel for each row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.limit.result import Result, Seen
from benchmarks.limit.rolling import rolling
from benchmarks.limit.sending import Trouble
from worker.model.rate import Window

_WIDTH, _PANEL, _EDGES = 9.0, 1.25, 0.9  # inches
_DOTS = 100  # an inch
_COLOURS = ("#1f5fa8", "#e08a1e", "#8a5fb0")  # Sluice, and who was beside it
_LIMIT, _TROUBLE = "#b3261e", "#999999"
_TOP = 240.0  # percent that are shown; 2n−1 is below, and eight workers' 800 would flatten all else


def draw(results: Sequence[Result], folder: Path) -> Iterator[Path]:
    """Draw each group, and name its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for group, rows in groupby(results, lambda result: result.group):
        file = folder / f"limit-{re.sub('[^a-z0-9]+', '-', group)}.png"
        _drawn(group, list(rows)).savefig(file, dpi=_DOTS)
        yield file


def _drawn(group: str, rows: Sequence[Result]) -> Figure:
    figure = Figure(figsize=(_WIDTH, _EDGES + _PANEL * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), 1, squeeze=False)
    for row, (panel,) in zip(rows, panels, strict=True):
        _fill(panel, row)
    figure.suptitle(f"{group}: arrivals in the window that ends now, % of the limit", fontsize=10)
    panels[-1][0].set_xlabel("seconds", fontsize=8)
    return figure


def _fill(panel: Axes, row: Result) -> None:
    start = row.seen[0].sending.arrived[0]
    for number, seen in enumerate(row.seen):
        for window in row.rate.windows:
            is_main = window is row.rate.windows[-1]
            style = {"color": _COLOURS[number], "linewidth": 1.2 if is_main else 0.7, "alpha": 1 if is_main else 0.7}
            _line(panel, seen, window, style | {"zorder": 5 - number})
    for trouble in row.seen[0].sending.watch.troubles:
        _shade(panel, trouble, start)
    panel.axhline(100, color=_LIMIT, linewidth=1, linestyle="--")
    panel.set_title(row.name, fontsize=8, loc="left", pad=3)
    panel.set_ylim(0, min(_TOP, max(120.0, panel.get_ylim()[1])))
    panel.tick_params(labelsize=7)
    panel.legend(fontsize=6, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, borderaxespad=0)


def _line(panel: Axes, seen: Seen, window: Window, style: Mapping[str, Any]) -> None:
    times = seen.sending.arrived
    at, fill = rolling(times, window)
    label = f"{seen.who}, {window}: at most {max(fill):.0f} %"
    panel.plot([time - times[0] for time in at], fill, label=label, drawstyle="steps-post", **style)


def _shade(panel: Axes, trouble: Trouble, start: float) -> None:
    if trouble.until > trouble.at:
        panel.axvspan(trouble.at - start, trouble.until - start, color=_TROUBLE, alpha=0.25, linewidth=0)
    else:
        panel.axvline(trouble.at - start, color=_TROUBLE, linewidth=0.8, linestyle=":")
