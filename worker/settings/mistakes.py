"""What pydantic found wrong, in one plain line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from worker.settings.names import nearest
from worker.settings.places import Places
from worker.settings.topology import PoolSettings, ScalingSettings, SluiceSettings, VendorSettings
from worker.settings.variables import TABLES, Path

_TABLES: dict[str, type[BaseModel]] = {
    "[sluice]": SluiceSettings,
    "[vendors.NAME]": VendorSettings,
    "[vendors.NAME.scaling]": ScalingSettings,
    "[pools.NAME]": PoolSettings,
}
_NEEDS = {
    "model_type": "needs a table here",
    "model_attributes_type": "needs a table here",
    "dict_type": "needs a table here",
    "string_type": "needs a text in quotes",
    "tuple_type": 'needs a list: ["a", "b"]',
    "int_parsing": "needs a whole number",
    "int_type": "needs a whole number",
    "int_from_float": "needs a whole number",
    "bool_parsing": "needs true or false",
    "bool_type": "needs true or false",
}
_NAME = "is not a name: lower-case letters, digits and single dashes between them, at most 40"


def explain(errors: Iterable[ErrorDetails], places: Places) -> list[str]:
    """One line for each error: place, what is wrong, what is valid."""
    return [_line(error, path_of(error), places) for error in errors]


def path_of(error: ErrorDetails) -> Path:
    """The path of the setting that an error is about."""
    return tuple(str(part) for part in error["loc"] if part != "[key]")


def _line(error: ErrorDetails, path: Path, places: Places) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"{places.of(path)}: unknown key {path[-1]}; {_meant(path)}"
        case "missing":
            return f"{places.of(path)}: is missing: {_meaning(path)}"
        case "value_error":
            return f"{places.of(path)}: {error['ctx']['error']}"  # our own parsers name the wrong part themselves
        case kind:
            return f"{places.of(path)}: {_shown(error['input'])} {_wrong(kind, error)}"


def _wrong(kind: str, error: ErrorDetails) -> str:
    limits: dict[str, Any] = error.get("ctx", {})
    match kind:
        case "string_pattern_mismatch" | "string_too_long":
            return _NAME
        case "literal_error":
            return f"is not valid; write {limits['expected']}".replace("'", '"')
        case "greater_than_equal":
            return f"is too small; at least {limits['ge']}"
        case "less_than_equal":
            return f"is too large; at most {limits['le']}"
        case _:
            return _NEEDS.get(kind) or error["msg"].replace("Input ", "", 1)


def _meant(path: Path) -> str:
    *parent, key = path
    here = _model(tuple(parent))
    valid = set(here.model_fields) if here else set(TABLES)
    if key not in valid:
        for table, model in _TABLES.items():
            if key in model.model_fields:
                return f"it belongs in {table}"
    return nearest(key, valid)


def _meaning(path: Path) -> str:
    model = _model(path[:-1])
    field = model.model_fields.get(path[-1]) if model else None
    return (field.description if field else None) or "a table"


def _model(path: Path) -> type[BaseModel] | None:
    match path:
        case ("sluice",):
            return SluiceSettings
        case ("defaults",) | ("vendors", _):
            return VendorSettings
        case ("defaults", "scaling") | ("vendors", _, "scaling"):
            return ScalingSettings
        case ("pools", _):
            return PoolSettings
        case _:
            return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
