"""Settings from outside the file: `SLUICE_*` variables and `--set` flags, each one path and one text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.settings.names import fold

PREFIX = "SLUICE_"
RESERVED = frozenset({"SLUICE_CONFIG", "SLUICE_POOL", "SLUICE_TOPOLOGY"})  # read by the command line
TABLES = ("sluice", "defaults", "vendors", "pools")
NAMED = ("vendors", "pools")  # tables whose keys are names, not settings
_FREE = ("options", "filter")  # tables whose keys are not ours

Path = tuple[str, ...]
Tables = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting from outside the file."""

    origin: str  # as the operator wrote it: the variable's name, or "--set PATH"
    path: Path
    value: Any


def from_environment(environ: Mapping[str, str], file: Tables) -> list[Variable]:
    """Read `SLUICE_VENDORS__FOO_PRIMARY__CONCURRENCY=4`: `__` nests, case does not count."""
    names = sorted(name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in RESERVED)
    return [_variable(name, name[len(PREFIX) :].lower().split("__"), environ[name], file) for name in names]


def from_flags(flags: Mapping[str, str], file: Tables) -> list[Variable]:
    """Read `vendors.foo-primary.concurrency=4`."""
    return [_variable(f"--set {name}", name.split("."), text, file) for name, text in flags.items()]


def nest(variables: Iterable[Variable]) -> Tables:
    """Put variables into tables; the more exact path wins."""
    tables: Tables = {}
    for variable in sorted(variables, key=lambda each: len(each.path)):
        table = tables
        for name in variable.path[:-1]:
            below = table.get(name)
            table[name] = table = dict(below) if isinstance(below, dict) else {}
        table[variable.path[-1]] = variable.value
    return tables


def _variable(origin: str, segments: list[str], text: str, file: Tables) -> Variable:
    return Variable(origin, _resolved(segments, file), _value(text))


def _resolved(segments: list[str], file: Tables) -> Path:
    """Spell each segment as the file does, if it has it."""
    path: Path = ()
    node: Any = file
    for segment in segments:
        known = {fold(name): name for name in node} if isinstance(node, dict) else {}
        name = known.get(fold(segment)) or _spelled(path, segment)
        node = node.get(name) if isinstance(node, dict) else None
        path = (*path, name)
    return path


def _spelled(path: Path, segment: str) -> str:
    if any(name in _FREE for name in path[1:]):
        return segment
    folded = fold(segment)
    return folded if len(path) == 1 and path[0] in NAMED else folded.replace("-", "_")


def _value(text: str) -> Any:
    """Lists and tables are JSON; all else is the plain text, as the setting's type reads it."""
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text  # its type says what is wrong with it; a limit key may well begin with "{"
    return text
