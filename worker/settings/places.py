"""Where a setting was written, in the operator's words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from worker.settings.layers import Layers
from worker.settings.lines import line_of, lines_of
from worker.settings.variables import NAMED, TABLES, Path


@dataclass(frozen=True, slots=True)
class Places:
    """Finds the place of a setting: a flag, a variable, or file, line and table."""

    file: FilePath
    layers: Layers

    def of(self, path: Path) -> str:
        """The strongest source that holds the path, else where in the file it belongs."""
        for variable in self.layers.variables:
            size = len(variable.path)
            if path[:size] == variable.path and holds(variable.value, path[size:]):
                return " ".join((variable.origin, *path[size:]))
            if variable.path[: len(path)] == path and not _is_table(self.layers.file, path):
                return variable.origin  # it alone made a table there
        if path[:1] == ("vendors",) and self._by_default(path):
            return self.of(("defaults", *path[2:]))
        return f"{self.line(path)}: {_spelled(path)}"

    def line(self, path: Path) -> str:
        """`sluice.toml:12`; without the line where nothing of the path is in the file."""
        number = line_of(path, lines_of(self.layers.text))
        return f"{self.file}:{number}" if number else str(self.file)

    def _by_default(self, path: Path) -> bool:
        merged = self.layers.merged
        return len(path) > 2 and not holds(merged, path) and holds(merged, ("defaults", *path[2:]))


def holds(node: Any, path: Path) -> bool:
    """Whether a value has something at that path; what is no table is taken whole."""
    for name in path:
        if not isinstance(node, dict):
            return True
        if name not in node:
            return False
        node = node[name]
    return True


def _is_table(node: Any, path: Path) -> bool:
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return isinstance(node, dict)


def _spelled(path: Path) -> str:
    """`[vendors.foo.scaling] latency_goal`."""
    if path[:1] not in {(table,) for table in TABLES}:
        return ".".join(path)
    tables = 2 if path and path[0] in NAMED else 1
    head, tail = path[:tables], path[tables:]
    while len(tail) > 1 and tail[0] == "scaling":
        head, tail = (*head, tail[0]), tail[1:]
    return f"[{'.'.join(head)}] {'.'.join(tail)}".strip()
