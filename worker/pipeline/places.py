"""Room for messages in work."""

from __future__ import annotations

import asyncio

_SETTLING = 500  # settles that may be under way while more is received: beyond, SQS is slower than the vendor


class Places:
    """Counts the messages in work: those held, and those that receives in the air may bring. Owned by one pipeline."""

    __slots__ = ("_awaited", "_moved", "_settling", "held")

    def __init__(self, moved: asyncio.Event) -> None:
        self.held = 0
        self._awaited = 0
        self._settling = 0
        self._moved = moved  # the gate's: permits look again

    @property
    def taken(self) -> int:
        """Held, awaited, and being settled where those are too many."""
        return self.held + self._awaited + max(0, self._settling - _SETTLING)

    def reserve(self, count: int) -> None:
        """A receive for so many begins."""
        self._awaited += count

    def fill(self, reserved: int, received: int) -> None:
        """A receive for `reserved` has brought `received`."""
        self._awaited -= reserved
        self.held += received

    def free(self) -> None:
        """What becomes of one message is decided: another may come, and its own settle begins."""
        self.held -= 1
        self._settling += 1
        self._moved.set()

    def leave(self) -> None:
        """The settle of a message that was freed has ended."""
        self._settling -= 1
        self._moved.set()
