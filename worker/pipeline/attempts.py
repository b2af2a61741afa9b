"""Failed attempts, counted in this process's memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from worker.model.disposition import Failures
from worker.model.message import JobKey
from worker.ports import Clock

_NONE = Failures()
_KEPT = 100_000  # messages; the one that failed longest ago is forgotten first


@dataclass(slots=True)
class _Count:
    failures: int
    since: float  # monotonic, of the first failure
    closed: float  # seconds that the gate had been closed by then


class MemoryAttempts:
    """Bounded; a restart forgets, then a message gets up to its max_attempts again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[JobKey, _Count] = OrderedDict()

    async def of(self, key: JobKey) -> Failures:
        """What is counted so far."""
        return Failures(count.failures) if (count := self._counts.get(key)) else _NONE

    async def failed(self, key: JobKey, closed_for: float) -> Failures:
        """Count one more."""
        now = self._clock.monotonic()
        count = self._counts.setdefault(key, _Count(0, now, closed_for))
        count.failures += 1
        self._counts.move_to_end(key)
        if len(self._counts) > _KEPT:
            self._counts.popitem(last=False)
        lasting = max(0.0, now - count.since - (closed_for - count.closed))
        return Failures(count.failures, timedelta(seconds=lasting))

    async def forget(self, key: JobKey) -> None:
        """The message has ended."""
        self._counts.pop(key, None)
