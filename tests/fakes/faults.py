"""What tests make go wrong in a fake: errors, refused entries, lost answers, calls that hang."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from worker.model.errors import UnavailableError
from worker.ports import EntryFailure

Carry = Callable[[], Awaitable[Sequence[EntryFailure]]]


@dataclass
class Faults:
    """Faults by operation, each used up by one call, in the order given; counts the calls too."""

    calls: Counter[str] = field(default_factory=Counter)
    _next: dict[str, deque[Exception | str]] = field(default_factory=lambda: defaultdict(deque))
    _lost: Counter[str] = field(default_factory=Counter)
    _held: dict[str, asyncio.Event] = field(default_factory=dict)

    def fail_next(self, operation: str, fault: Exception | str, times: int = 1) -> None:
        """The next calls raise this error or, given AWS's code, answer it for every entry (not final)."""
        self._next[operation].extend([fault] * times)

    def lose_next(self, operation: str, times: int = 1) -> None:
        """The next calls are carried out, but their answer is lost: UnavailableError."""
        self._lost[operation] += times

    def hold(self, operation: str) -> asyncio.Event:
        """Let calls hang, before anything is done, until the event is set."""
        return self._held.setdefault(operation, asyncio.Event())

    async def meet(self, operation: str) -> str | None:
        """Count a call; hang or raise as was asked for, or return the code that its entries fail with."""
        self.calls[operation] += 1
        if (held := self._held.get(operation)) is not None:
            await held.wait()
        if not self._next[operation]:
            return None
        fault = self._next[operation].popleft()
        if isinstance(fault, Exception):
            raise fault
        return fault

    def answer(self, operation: str) -> None:
        """Raise if this call's answer is to be lost."""
        if self._lost[operation]:
            self._lost[operation] -= 1
            raise UnavailableError(f"{operation}: the answer was lost")
