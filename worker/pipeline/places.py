"""Room for messages in work."""

from __future__ import annotations

import asyncio


class Places:
    """Counts the messages in work: those held, and those that receives in the air may bring. Owned by one pipeline."""

    __slots__ = ("_awaited", "_moved", "held")

    def __init__(self, moved: asyncio.Event) -> None:
        self.held = 0
        self._awaited = 0
        self._moved = moved  # the gate's: permits look again

    @property
    def taken(self) -> int:
        """Held and awaited."""
        return self.held + self._awaited

    def reserve(self, count: int) -> None:
        """A receive for so many begins."""
        self._awaited += count

    def fill(self, reserved: int, received: int) -> None:
        """A receive for `reserved` has brought `received`."""
        self._awaited -= reserved
        self.held += received

    def free(self) -> None:
        """What becomes of one message is decided: another may come."""
        self.held -= 1
        self._moved.set()
