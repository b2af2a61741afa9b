"""Which call to AWS is disturbed, and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from worker.local.awscall import Call


@dataclass(frozen=True, slots=True)
class Refuse:
    """It is not carried out: AWS answers with this error."""

    status: int = 500
    code: str = "InternalFailure"


@dataclass(frozen=True, slots=True)
class Hang:
    """It is not carried out, and nothing is said for so long or until the caller goes; then the connection ends."""

    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Reset:
    """It is not carried out: the connection ends."""


@dataclass(frozen=True, slots=True)
class Slow:
    """It is carried out after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mute:
    """It is carried out, and the connection ends in the place of an answer."""


@dataclass(frozen=True, slots=True)
class FailSome:
    """A part of an SQS batch is not carried out, each entry with this chance, and the answer says so."""

    ratio: float = 0.5
    code: str = "InternalError"


Fault = Refuse | Hang | Reset | Slow | Mute | FailSome

UNAVAILABLE = Refuse(503, "ServiceUnavailable")
THROTTLED = Refuse(400, "RequestThrottled")  # SQS's; DynamoDB says ThrottlingException, SNS Throttled


@dataclass(frozen=True, slots=True)
class Rule:
    """Disturb a share of some calls."""

    fault: Fault
    operations: str = "*"  # as in file names: "sqs:*", "sqs:Delete*", "dynamodb:*"
    chance: float = 1.0
    door: str = "*"  # whose calls


def away(operations: str) -> Rule:
    """A service that cannot be reached: polls in the air lose their answers too."""
    return Rule(Reset(), operations)


class Plan:
    """Rules in force; the first that strikes counts. A seed gives the same dice, not the same order of calls."""

    def __init__(self, seed: int = 0) -> None:
        self.dice = Random(seed)  # noqa: S311 - dice, not keys
        self._rules: list[Rule] = []

    @contextmanager
    def inject(self, *rules: Rule) -> Iterator[None]:
        """Disturb for as long as it is entered."""
        self._rules.extend(rules)
        try:
            yield
        finally:
            for rule in rules:
                self._rules.remove(rule)

    def fault_of(self, call: Call, door: str) -> Fault | None:
        """Throw the dice for a call that has come."""
        for rule in self._rules:
            if _is_about(rule, call, door) and self.dice.random() < rule.chance:
                return rule.fault
        return None

    def severed(self, call: Call, door: str) -> bool:
        """Whether an answer that is ready now cannot be told: its service went away meanwhile."""
        return any(
            rule.chance >= 1 and isinstance(rule.fault, Reset) and _is_about(rule, call, door) for rule in self._rules
        )


def _is_about(rule: Rule, call: Call, door: str) -> bool:
    return fnmatchcase(call.operation, rule.operations) and fnmatchcase(door, rule.door)
