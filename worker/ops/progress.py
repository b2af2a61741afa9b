"""How far a long command is: one line rewritten on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self, TextIO

_ON_TERMINAL, _ELSEWHERE = 0.1, 5.0  # seconds between two lines


class Progress:
    """Told of every step, it writes some of them; as a context it leaves the terminal's line clean."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._terminal = stream.isatty()
        self._next = monotonic() + (0.0 if self._terminal else _ELSEWHERE)
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()

    def __call__(self, done: int, total: int | None = None) -> None:
        """Note that so many are done, of so many if that is known."""
        if (now := self._monotonic()) < self._next:
            return
        self._next = now + (_ON_TERMINAL if self._terminal else _ELSEWHERE)
        self._write(f"{done:,} published" if total is None else f"{done:,} of {total:,} published")

    def _write(self, text: str) -> None:
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = max(self._width, len(text))
        else:
            self._stream.write(text + "\n")
        self._stream.flush()
