"""What is shut for longer than a message is held for it."""

from __future__ import annotations

import math

from worker.model.errors import SluiceError

_UNKNOWN = 30.0  # seconds after which a message comes again where nobody can say when it may be sent


class ClosedError(SluiceError):
    """The way stays closed for longer than a message is held for it: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"closed for {seconds:.1f} s")
        self.seconds = foreseen(seconds)


def foreseen(seconds: float) -> float:
    """The same; a finite time where it is infinite, for another task may send at any time."""
    return seconds if seconds < math.inf else _UNKNOWN
