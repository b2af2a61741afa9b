"""Whether IAM policies allow an access: as AWS evaluates those of one identity, as far as policies here go.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
What is not known here (NotAction, Principal, another operator) is an error, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}
_FOR_ALL = "ForAllValues:"

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource; `context`: what conditions may ask about, by the key in lower case."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        told = "".join(f" [{key}: {', '.join(values)}]" for key, values in self.context)
        return f"{self.action} on {self.resource}{told}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One of a policy, intrinsics resolved."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # by operator and key

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read one; raises ValueError for what is not known here."""
        if strange := set(told) - _KNOWN:
            raise ValueError(f"not known here: {', '.join(sorted(strange))}")
        conditions = {
            operator: {key: _texts(values) for key, values in asked.items()}
            for operator, asked in told.get("Condition", {}).items()
        }
        if strange := set(conditions) - set(_OPERATORS):
            raise ValueError(f"operators not known here: {', '.join(sorted(strange))}")
        return cls(told["Effect"] == "Allow", _texts(told["Action"]), _texts(told["Resource"]), conditions)

    def matching(self, access: Access) -> Iterator[tuple[str, str]]:
        """Its pairs of action and resource that this access falls under."""
        if not all(_holds(operator, asked, dict(access.context)) for operator, asked in self.conditions.items()):
            return
        for action in self.actions:
            if like(action.lower(), access.action.lower()):
                yield from ((action, resource) for resource in self.resources if like(resource, access.resource))


def statements_of(policy: Mapping[str, Any]) -> list[Statement]:
    """Those of a policy document."""
    told = policy["Statement"]
    return [Statement.of(each) for each in (told if isinstance(told, list) else [told])]


def allows(statements: Sequence[Statement], access: Access) -> bool:
    """Whether one allows it and none denies it."""
    matching = [statement for statement in statements if any(statement.matching(access))]
    return bool(matching) and all(statement.allows for statement in matching)


def unused(statements: Sequence[Statement], accesses: Iterable[Access]) -> set[str]:
    """What is allowed and none of these accesses needs: `action on resource`, or the value of a condition."""
    needed = list(accesses)
    return {
        each
        for statement in statements
        if statement.allows
        for each in _idle_pairs(statement, needed) | _idle_values(statement, needed)
    }


def _idle_pairs(statement: Statement, needed: Sequence[Access]) -> set[str]:
    busy = {pair for access in needed for pair in statement.matching(access)}
    return {
        f"{action} on {resource}"
        for action in statement.actions
        for resource in statement.resources
        if (action, resource) not in busy
    }


def _idle_values(statement: Statement, needed: Sequence[Access]) -> set[str]:
    contexts = [dict(access.context) for access in needed if any(statement.matching(access))]
    return {
        f"{key} {pattern}"
        for operator, asked in statement.conditions.items()
        for key, patterns in asked.items()
        for pattern in patterns
        if not any(_OPERATORS[operator](pattern, value) for told in contexts for value in told.get(key.lower(), ()))
    }


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern: `*` for any characters, `?` for one; nothing else is special."""
    return _pattern(pattern).fullmatch(text) is not None


def _equal(pattern: str, text: str) -> bool:
    return pattern == text


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": like,
    "ArnEquals": like,  # AWS evaluates both alike
    "ArnLike": like,
    f"{_FOR_ALL}StringEquals": _equal,
    f"{_FOR_ALL}StringLike": like,
}


def _holds(operator: str, asked: Mapping[str, Sequence[str]], context: Context) -> bool:
    return all(_is_met(operator, patterns, context.get(key.lower())) for key, patterns in asked.items())


def _is_met(operator: str, patterns: Sequence[str], values: Iterable[str] | None) -> bool:
    """A key that the request does not have fails a condition, but for ForAllValues, which it meets."""
    if operator.startswith(_FOR_ALL):
        return all(any(_OPERATORS[operator](pattern, value) for pattern in patterns) for value in values or ())
    return values is not None and any(_OPERATORS[operator](pattern, value) for value in values for pattern in patterns)


def _texts(told: object) -> tuple[str, ...]:
    texts = tuple(told) if isinstance(told, list) else (told,)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"not a text: {texts}")
    return texts  # type: ignore[return-value]
