"""Message attributes as callers give them, and as SNS takes them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from worker.model.message import Attribute
from worker.model.wire import MAX_USER_ATTRIBUTES, OWN
from worker.publish.characters import first_illegal
from worker.publish.faults import InvalidEntryError

Scalar = str | int | float | bool | None
Value = str | int | float | bytes | Sequence[Scalar] | Attribute  # Attribute: as it came from a queue

_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_NOT_OURS = ("aws.", "amazon.")
_MAX_DIGITS = 38  # SQS, of a Number


def read_attributes(values: Mapping[str, Value]) -> dict[str, Attribute]:
    """Give each value its data type; raises InvalidEntryError that names the attribute and the rule."""
    if len(values) > MAX_USER_ATTRIBUTES:
        raise InvalidEntryError(
            f"{len(values)} attributes: Sluice takes {MAX_USER_ATTRIBUTES}, "
            "since raw delivery to SQS drops a message with more than ten and two are Sluice's own"
        )
    return {_name(name): _attribute(name, value) for name, value in values.items()}


def _name(name: str) -> str:
    if name in OWN or name.lower().startswith("sluice-"):
        raise InvalidEntryError(f"the attribute name {name!r} is Sluice's own: choose another")
    if name.lower().startswith(_NOT_OURS):
        raise InvalidEntryError(f"the attribute name {name!r} is reserved by AWS: choose another")
    if not _NAME.fullmatch(name):
        raise InvalidEntryError(
            f"{name!r:.80} is no attribute name: 1 to 256 of A-Z a-z 0-9 _ - and single dots inside"
        )
    return name


def _attribute(name: str, value: Value) -> Attribute:
    match value:
        case Attribute():
            attribute = value
        case bool():
            raise InvalidEntryError(f'attribute {name!r}: no type for {value}; write "true" or "false"')
        case str():
            attribute = Attribute("String", value)
        case int() | float():
            attribute = Attribute("Number", _number(name, value))
        case bytes():
            attribute = Attribute("Binary", value)
        case list() | tuple():
            attribute = Attribute("String.Array", _array(name, value))
        case _:
            raise InvalidEntryError(
                f"attribute {name!r}: {type(value).__name__} is not taken; give text, a number, bytes or a list"
            )
    return _checked(name, attribute)


def _number(name: str, value: float) -> str:
    text = repr(value)
    if not math.isfinite(value) or sum(map(str.isdigit, text)) > _MAX_DIGITS:
        raise InvalidEntryError(f"attribute {name!r}: a number is finite and has at most {_MAX_DIGITS} digits")
    return text


def _array(name: str, values: Sequence[Scalar]) -> str:
    if any(not isinstance(value, str | int | float | None) for value in values):
        raise InvalidEntryError(f"attribute {name!r}: a list holds text, numbers, true, false and null only")
    return json.dumps(values, ensure_ascii=False)


def _checked(name: str, attribute: Attribute) -> Attribute:
    if not attribute.value:
        raise InvalidEntryError(f"attribute {name!r} is empty: SNS takes no empty value")
    if isinstance(attribute.value, str) and (found := first_illegal(attribute.value)):
        raise InvalidEntryError(f"attribute {name!r} holds {found}, which SNS and SQS do not take")
    return attribute
