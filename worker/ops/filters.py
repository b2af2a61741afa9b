"""Whether SNS would take a filter policy.

The rules are those of the SNS Developer Guide, "Filter policy constraints" and "String / numeric value matching".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from math import prod
from typing import Any, Literal

from worker.settings.names import nearest

_MOST_KEYS = 5
_MOST_COMBINATIONS = 150
_LARGEST = 262_144  # bytes: 256 KB
_BOUND = 1_000_000_000
_COMPARISONS = ("=", "<", "<=", ">", ">=")
_OR = "$or"

Policy = Mapping[str, Any]


def policy_faults(policy: Policy, scope: Literal["attributes", "body"]) -> Iterator[str]:
    """Say everything that SNS would not take, each with the key that it is about."""
    if len(policy) > _MOST_KEYS:
        yield f"{len(policy)} keys at the top, SNS takes {_MOST_KEYS}"
    found = list(_rules(policy, "", scope == "body"))
    yield from found
    if not found and (count := combinations(policy)) > _MOST_COMBINATIONS:
        yield f"{count} combinations of values, SNS takes {_MOST_COMBINATIONS}"
    if len(json.dumps(policy, default=str).encode()) > _LARGEST:
        yield f"is larger than {_LARGEST:,} bytes as JSON"


def combinations(policy: Policy, depth: int = 1) -> int:
    """What SNS counts: the values of each list times its depth, all multiplied; alternatives of `$or` are added."""
    return prod(_weight(name, value, depth) for name, value in policy.items())


def _weight(name: str, value: Any, depth: int) -> int:
    match value:
        case [*alternatives] if name == _OR:
            return sum(combinations(each, depth) for each in alternatives)
        case [*values]:
            return len(values) * depth
        case _:
            return combinations(value, depth + 1)


def _rules(policy: Policy, above: str, nested: bool) -> Iterator[str]:
    for name, value in policy.items():
        path = f"{above}.{name}" if above else name
        match value:
            case []:
                yield f"{path} = []: an empty list matches nothing"
            case [*alternatives] if name == _OR:
                yield from _alternatives(alternatives, path, nested)
            case [*values]:
                for each in values:
                    yield from _value(each, path)
            case {} if not value:
                yield f"{path} = {{}}: an empty table matches nothing"
            case dict() if nested:
                yield from _rules(value, path, nested)
            case dict():
                yield f'{path} is a table: only filter_scope = "body" looks into tables; write a list of values'
            case _:
                yield f"{path} = {value!r}: write a list, [{json.dumps(value, default=str)}]"


def _alternatives(alternatives: list[Any], path: str, nested: bool) -> Iterator[str]:
    if len(alternatives) < 2 or not all(isinstance(each, dict) and each for each in alternatives):
        yield f"{path}: needs at least two tables to choose from, or SNS takes it for a key of that name"
        return
    for each in alternatives:
        yield from _rules(each, path, nested)


def _value(value: Any, path: str) -> Iterator[str]:
    match value:
        case bool() | str() | None:
            return
        case int() | float():
            yield from _number(value, path)
        case dict() if len(value) == 1:
            ((operator, operand),) = value.items()
            yield from _operator(operator, operand, path)
        case dict():
            yield f"{path}: an operator stands alone in its table, not {', '.join(value) or 'nothing'}"
        case _:
            yield f"{path}: {value!r} is neither text, number, true, false nor an operator"


def _operator(operator: str, operand: Any, path: str) -> Iterator[str]:
    place = f"{path}.{operator}"
    match operator, operand:
        case (("prefix" | "suffix" | "equals-ignore-case"), _):
            if not (isinstance(operand, str) and operand):
                yield f"{place}: needs a text"
        case "exists", _:
            if not isinstance(operand, bool):
                yield f"{place}: needs true or false"
        case "cidr", _:
            yield from _network(operand, place)
        case "numeric", _:
            yield from _comparison(operand, place)
        case "anything-but", dict() if len(operand) == 1 and set(operand) <= {"prefix", "suffix"}:
            yield from _operator(*next(iter(operand.items())), place)
        case "anything-but", _:
            yield from _excluded(operand, place)
        case _:
            yield f"{path}: unknown operator {operator}; {nearest(operator, _OPERATORS)}"


_OPERATORS = ("prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case", "cidr")


def _excluded(operand: Any, place: str) -> Iterator[str]:
    values = operand if isinstance(operand, list) else [operand]
    if not values or not all(isinstance(each, str | int | float) for each in values):
        yield f"{place}: needs a text, a number, a list of them, or one prefix or suffix"


def _comparison(operand: Any, place: str) -> Iterator[str]:
    """`["=", 5]`, or a range: `[">", 0, "<=", 100]`."""
    is_pairs = isinstance(operand, list) and len(operand) in (2, 4)
    if not is_pairs or any(each not in _COMPARISONS for each in operand[::2]):
        yield f'{place}: needs such as ["=", 5] or [">", 0, "<=", 100]'
        return
    if len(operand) == 4 and not (operand[0].startswith(">") and operand[2].startswith("<")):
        yield f'{place}: a range goes from lower to upper: [">", 0, "<=", 100]'
    for each in operand[1::2]:
        yield from _number(each, place)


def _number(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{place}: {value!r} is not a number"
    elif not -_BOUND <= value <= _BOUND:
        yield f"{place}: {value} is beyond ±10⁹, which is as far as SNS compares"


def _network(operand: Any, place: str) -> Iterator[str]:
    try:
        is_network = isinstance(operand, str) and bool(ip_network(operand, strict=False))
    except ValueError:
        is_network = False
    if not is_network:
        yield f'{place}: {operand!r} is not a network; write such as "10.0.0.0/24"'
