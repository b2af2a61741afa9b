"""One scope of the gate: open, closed until an instant, or waiting for the reply to one probe."""

from __future__ import annotations

import asyncio
import random
from enum import Enum

_FIRST = {"throttled": 1.0, "breaker": 5.0, "blocked": 60.0}  # seconds, where the vendor does not say
_LONGEST = {"throttled": 60.0, "breaker": 120.0, "blocked": 900.0}
_DOUBLINGS = 10  # more than the longest needs


class State(Enum):
    """What a door lets through: everything, nothing, or one probe whose reply is awaited."""

    OPEN = "open"
    CLOSED = "closed"
    PROBING = "probing"


class Door:
    """Closes when the vendor says so, and opens only when a probe came back well.

    Times are monotonic seconds. A reply to a request that left before it closed neither opens nor prolongs a streak.
    """

    __slots__ = ("_changed", "_streak", "closed_at", "closed_before", "reason", "state", "until")

    def __init__(self) -> None:
        self.state = State.OPEN
        self.until = 0.0
        self.reason = ""
        self.closed_at = 0.0
        self.closed_before = 0.0  # seconds closed in all, the present closing not counted
        self._streak = 0
        self._changed: asyncio.Event = asyncio.Event()

    def close(self, now: float, *, reason: str, after: float | None) -> float:
        """Close for `after` seconds, or by an escalating default; returns for how long it is closed now."""
        if self.state is State.OPEN:
            self.closed_at, self._streak, self.until = now, 0, now
        if self.state is not State.CLOSED:
            self._streak += 1
        self.state, self.reason = State.CLOSED, reason
        self.until = max(self.until, now + (self._default(reason) if after is None else after))
        self._tell()
        return self.until - now

    def _default(self, reason: str) -> float:
        longest: float = min(_LONGEST[reason], _FIRST[reason] * 2 ** min(self._streak - 1, _DOUBLINGS))
        return longest * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, not a secret

    def shut_for(self, now: float) -> float:
        """Seconds until a probe may pass; 0 when it is open or a probe may pass now."""
        return max(0.0, self.until - now) if self.state is State.CLOSED else 0.0

    def closed_seconds(self, now: float) -> float:
        """Seconds that it has been closed in all its life."""
        return self.closed_before + (0.0 if self.state is State.OPEN else now - self.closed_at)

    def may_pass(self, now: float) -> bool:
        """Whether the next request may leave; for a closed door whose time is over it would be the probe."""
        return self.state is State.OPEN or (self.state is State.CLOSED and self.until <= now)

    def probe(self) -> bool:
        """The next request leaves; True: it is the probe."""
        if self.state is State.OPEN:
            return False
        self.state = State.PROBING
        return True

    def open(self, now: float) -> float:
        """The probe came back well; returns for how many seconds it was closed."""
        closed = now - self.closed_at
        self.closed_before += closed
        self.state, self.until = State.OPEN, 0.0
        self._tell()
        return closed

    def abandon(self) -> bool:
        """The probe ended, and if that was without a word of the vendor (True) the next request is the probe."""
        if self.state is not State.PROBING:
            return False
        self.state = State.CLOSED
        self._tell()
        return True

    async def change(self, now: float) -> None:
        """Wait until it changes, or until its time is over."""
        timeout = None if self.state is State.PROBING else max(0.0, self.until - now)
        changed = self._changed
        try:
            async with asyncio.timeout(timeout):
                await changed.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
