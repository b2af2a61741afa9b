"""Room for messages in work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

_MOST_ASIDE = 1000  # beyond, they take places like all others
_SETTLING = 500  # settles that may be under way while more is received: beyond, SQS is slower than the vendor


class Places:
    """Counts the messages in work: those held, and those that receives in the air may bring. Owned by one pipeline."""

    __slots__ = ("_awaited", "_left", "_missing", "_moved", "_settling", "held", "is_kept", "put_aside")

    def __init__(self, moved: asyncio.Event) -> None:
        self.held = 0
        self._awaited = 0
        self._settling = 0
        self._left = asyncio.Event()  # somebody has
        self.is_kept = False  # for one message: nothing is received
        self.put_aside = 0  # of those held: they wait for what is closed to them alone, and take nobody's place
        self._missing = 1  # places that must come free before it is worth a look
        self._moved = moved  # the gate's: permits look again

    @property
    def taken(self) -> int:
        """Held, awaited, and being settled where those are too many."""
        return self.held - min(self.put_aside, _MOST_ASIDE) + self._awaited + max(0, self._settling - _SETTLING)

    def reserve(self, count: int) -> None:
        """A receive for so many begins."""
        self._awaited += count

    def fill(self, reserved: int, received: int) -> None:
        """A receive for `reserved` has brought `received`."""
        self._awaited -= reserved
        self.held += received
        self._left.set()

    def free(self) -> None:
        """What becomes of one message is decided: another may come, and its own settle begins."""
        self.held -= 1
        self._settling += 1
        self._open()

    @contextmanager
    def aside(self, count: int) -> Iterator[bool]:
        """So many of those held wait for what nobody else waits for; True: too many do already."""
        self.put_aside += count
        self._open(count)
        try:
            yield self.put_aside > _MOST_ASIDE
        finally:
            self.put_aside -= count

    @asynccontextmanager
    async def alone(self, patience: float) -> AsyncIterator[None]:
        """Nothing more is received until one message leaves this block; entered once it is all that is in work.

        After `patience` seconds it is entered in any case. One message at a time.
        """
        self.is_kept = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    while self.held > 1 or self._awaited or self._settling:
                        self._left.clear()
                        await self._left.wait()
            yield
        finally:
            self.is_kept = False
            self._moved.set()

    def leave(self) -> None:
        """The settle of a message that was freed has ended."""
        self._settling -= 1
        self._left.set()
        if self._settling >= _SETTLING:
            self._open()

    def tell_after(self, count: int) -> None:
        """Permits need not look before so many places are free; the least of what receivers ask for counts."""
        self._missing = min(self._missing, count) if self._missing > 0 else count

    def _open(self, count: int = 1) -> None:
        self._missing -= count
        if self._missing <= 0:
            self._moved.set()
