"""What is to go wrong in the calls of a process: a plan that a test makes and calls use up."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

OPERATIONS = ("receive", "delete", "change_visibility", "send", "bury", "publish", "ledger")


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing was done: UnavailableError."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Every other entry was refused, the first one among them; the others are done."""


@dataclass(frozen=True, slots=True)
class Lost:
    """It was done, and the answer is lost: UnavailableError."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """AWS refuses, until an operator acts; a receive that is refused crashes its pipeline."""


@dataclass(frozen=True, slots=True)
class Slow:
    """It is done after `before` seconds, whoever waits or not, and the answer takes `after` more."""

    before: float
    after: float


Fault = Failed | Refused | Lost | Forbidden | Slow


@dataclass(slots=True)
class Troubles:
    """Faults by operation, each used up by one call; and the time until which nothing answers at all."""

    last_met: float = 0.0  # loop's seconds: when a call was last disturbed
    _planned: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _away_until: float = 0.0

    def plan(self, operation: str, fault: Fault, times: int = 1) -> None:
        """The next calls of this operation meet it."""
        self._planned[operation].extend([fault] * times)

    def be_away(self, seconds: float) -> None:
        """Nothing answers for so long."""
        self._away_until = asyncio.get_running_loop().time() + seconds

    def end(self) -> None:
        """All is well from here on."""
        self._planned.clear()
        self._away_until = 0.0

    def meet(self, operation: str) -> Fault | None:
        """What the call that is made now meets."""
        fault = self._next(operation)
        if fault is not None:
            self.last_met = asyncio.get_running_loop().time()
        return fault

    def _next(self, operation: str) -> Fault | None:
        if asyncio.get_running_loop().time() < self._away_until:
            return Failed()
        return self._planned[operation].popleft() if self._planned[operation] else None
