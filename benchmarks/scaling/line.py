"""Messages that wait, oldest first, and those in the vendor's hands: counted by when they arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

Cohort = tuple[int, int]  # the second of arrival, messages


class Line:
    """A queue."""

    def __init__(self) -> None:
        self._cohorts: deque[Cohort] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def oldest(self) -> int | None:
        """When the first arrived."""
        return self._cohorts[0][0] if self._cohorts else None

    def put(self, at: int, count: int) -> None:
        """So many arrive."""
        if count:
            self._cohorts.append((at, count))
            self._count += count

    def put_back(self, cohorts: Iterable[Cohort]) -> None:
        """What was taken comes back, and is first again."""
        for at, count in sorted(cohorts, reverse=True):
            self._cohorts.appendleft((at, count))
            self._count += count

    def take(self, count: int) -> list[int]:
        """Take up to so many: when each of them arrived."""
        taken: list[int] = []
        while self._cohorts and len(taken) < count:
            at, there = self._cohorts[0]
            used = min(there, count - len(taken))
            taken += [at] * used
            self._count -= used
            if used < there:
                self._cohorts[0] = (at, there - used)
            else:
                self._cohorts.popleft()
        return taken


class Flight:
    """Requests under way, by the second in which they end."""

    def __init__(self) -> None:
        self._ends: dict[int, list[int]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def start(self, at: int, ends: int) -> None:
        """One message, that arrived at `at`."""
        self._ends.setdefault(ends, []).append(at)
        self._count += 1

    def ended(self, now: int) -> list[int]:
        """Those that end in this second: when each of them arrived."""
        ended = self._ends.pop(now, [])
        self._count -= len(ended)
        return ended

    def lost(self) -> list[Cohort]:
        """All of them fail now."""
        lost = [(at, 1) for each in self._ends.values() for at in each]
        self._ends.clear()
        self._count = 0
        return lost
