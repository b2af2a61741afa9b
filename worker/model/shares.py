"""One task's part of a limit, where tasks do not ask each other."""

from __future__ import annotations

from math import floor

from worker.model.pacing import SAFE
from worker.model.rate import Rate, Window

_SIDE_BY_SIDE = 2  # a rolling deploy may run as many new tasks as old ones: ECS's maximumPercent is 200


def safe_share(rate: Rate, max_tasks: int) -> Rate:
    """What a task may send while nobody can be asked."""
    return _part(rate, SAFE / max_tasks)


def split_share(rate: Rate, max_tasks: int) -> Rate:
    """What a task may send at any time where the limit is split, a rolling deploy included."""
    return _part(rate, 1 / (_SIDE_BY_SIDE * max_tasks))


def _part(rate: Rate, share: float) -> Rate:
    """A part below one request in a window has a longer window."""
    return Rate(tuple(_window(window, window.limit * share) for window in rate.windows))


def _window(window: Window, part: float) -> Window:
    return Window(floor(part), window.seconds) if part >= 1 else Window(1, window.seconds / part)
