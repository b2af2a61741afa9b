"""On which line of a TOML file a key stands: tomllib does not tell."""

from __future__ import annotations

import tomllib

from worker.settings.names import fold
from worker.settings.variables import NAMED, Path


def lines_of(text: str) -> dict[Path, int]:
    """The line of every table header and every key that begins a line; vendors and pools by their folded names."""
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _path(line) if line.lstrip().startswith("[") else None:
            table = header
            lines.setdefault(_named(table), number)
        elif "=" in line and (key := _path(line.split("=", 1)[0] + "= 0")):
            lines.setdefault(_named((*table, *key)), number)
    return lines


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The first line of a key or table; where it has none of its own, of what holds it."""
    if inside := [number for known, number in lines.items() if known[: len(path)] == path]:
        return min(inside)
    return line_of(path[:-1], lines) if len(path) > 1 else None


def _path(line: str) -> Path | None:
    """The path that one line of TOML opens: tomllib reads it, quotes, dots and all."""
    try:
        node: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None  # the inside of a list or of a text over several lines
    path: Path = ()
    while isinstance(node, dict) and len(node) == 1:
        name, node = next(iter(node.items()))
        path = (*path, name)
    return path or None


def _named(path: Path) -> Path:
    return (path[0], fold(path[1]), *path[2:]) if len(path) > 1 and path[0] in NAMED else path
