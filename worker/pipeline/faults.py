"""What is wrong with a payload: fields and rules, and nothing of what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

_MOST = 5  # faults that are told of one payload
_RULES = frozenset(get_args(ErrorType))  # pydantic's own; a rule of an adapter's may quote its input
_FROM_SCHEMA = frozenset(  # what a message may be filled with: lengths and what the model's author wrote
    {
        "actual_length",
        "class",
        "class_name",
        "decimal_places",
        "discriminator",
        "expected",
        "expected_schemes",
        "expected_version",
        "field_type",
        "ge",
        "gt",
        "le",
        "lt",
        "max_digits",
        "max_length",
        "min_length",
        "multiple_of",
        "pattern",
        "whole_digits",
    }
)


class Faults:
    """Tells a payload model's validation errors without its input, which names of fields and messages may quote."""

    def __init__(self, payload: TypeAdapter[Any]) -> None:
        self._names = {"[key]", *_texts(payload.core_schema)}

    def told(self, error: ValidationError) -> str:
        """Field and rule of the first few faults; a name that the model does not have is `*`."""
        faults = error.errors(include_url=False, include_input=False)
        return "; ".join(f"{self._place(fault)}: {_rule(fault)}" for fault in faults[:_MOST])

    def _place(self, fault: ErrorDetails) -> str:
        parts = (str(part) if isinstance(part, int) or part in self._names else "*" for part in fault["loc"])
        return ".".join(("payload", *parts))


def _rule(fault: ErrorDetails) -> str:
    known = fault["type"] in _RULES and fault.get("ctx", {}).keys() <= _FROM_SCHEMA
    return fault["msg"] if known else fault["type"]


def _texts(schema: object) -> Iterator[str]:
    """All texts of a core schema: names of fields, aliases, tags, types; those of its author, none from a message."""
    match schema:
        case str():
            yield schema
        case dict():
            for name, part in schema.items():
                yield from _texts(name)
                yield from _texts(part)
        case list() | tuple():
            for part in schema:
                yield from _texts(part)
