"""Durations as people write them: `"20ms"`, `"60s"`, `"5min"`, `"6h"`, `"14d"`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)\s*")


def parse_duration(value: object) -> timedelta:
    """Read a duration; raises ValueError that shows the valid forms."""
    if isinstance(value, timedelta):
        return value
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{value!r} is not a duration; write "20ms", "60s", "5min", "6h" or "14d"')
    return float(found[1]) * _UNITS[found[2]]


def format_duration(value: timedelta) -> str:
    """Write a duration in its largest whole unit."""
    for unit in ("d", "h", "min", "s"):
        if value >= _UNITS[unit] and value % _UNITS[unit] == timedelta(0):
            return f"{value // _UNITS[unit]}{unit}"
    return f"{value / _UNITS['ms']:.3f}".rstrip("0").rstrip(".") + "ms"  # a timedelta holds microseconds
