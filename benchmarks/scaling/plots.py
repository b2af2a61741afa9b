"""The days as a picture: tasks and waiting messages over time, a row for each pattern."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.scaling.contenders import OURS, Played

_COLOURS = ("#1f5fa8", "#e08a1e", "#5a9b58")  # Sluice and the two that run the same tasks
_LAMBDA = "#8a5fb0"
_AWAY = "#999999"
_DOTS = 100  # an inch


def draw(days: Sequence[Sequence[Played]], file: Path) -> None:
    """Draw all patterns' days, each with all its contenders, into one file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(10.0, 1.0 + 2.0 * len(days)), layout="constrained")
    panels = figure.subplots(len(days), 2, squeeze=False)
    for row, (tasks, waiting) in zip(days, panels, strict=True):
        _fill(tasks, waiting, row)
    panels[0][0].set_title("tasks", fontsize=9)
    panels[0][1].set_title("messages waiting and in hand", fontsize=9)
    for panel in panels[-1]:
        panel.set_xlabel("hour of the day", fontsize=8)
    handles, labels = panels[0][1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(file, dpi=_DOTS)


def _fill(tasks: Axes, waiting: Axes, row: Sequence[Played]) -> None:
    fleets = [each for each in row if not each.who.startswith("Lambda")]
    for number, each in reversed(list(enumerate(fleets))):
        hours = [minute / 60 for minute in range(len(each.day.tasks))]
        style: dict[str, Any] = {
            "color": _COLOURS[number],
            "linewidth": 1.6 if each.who == OURS else 0.9,
            "label": each.who,
        }
        tasks.plot(hours, each.day.tasks, drawstyle="steps-post", **style)
        waiting.plot(hours, each.day.waiting, **style)
    for each in [each for each in row if each.who.startswith("Lambda")][:1]:
        hours = [minute / 60 for minute in range(len(each.day.waiting))]
        waiting.plot(hours, each.day.waiting, color=_LAMBDA, linewidth=0.9, linestyle=":", label=each.who)
    for panel in (tasks, waiting):
        _frame(panel, row[0])
    waiting.set_yscale("symlog", linthresh=100)
    tasks.set_ylim(0, 10.8)
    tasks.set_ylabel(row[0].pattern.name, fontsize=9)


def _frame(panel: Axes, first: Played) -> None:
    away = first.pattern.away
    if away:
        panel.axvspan(away.start / 3600, away.stop / 3600, color=_AWAY, alpha=0.25, linewidth=0)
    panel.set_xlim(0, 24)
    panel.set_xticks(range(0, 25, 4))
    panel.tick_params(labelsize=7)
    panel.set_ylim(bottom=0)
