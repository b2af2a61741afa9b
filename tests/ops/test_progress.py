"""How often progress is told."""

from __future__ import annotations

from io import StringIO

from worker.ops.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_file_gets_a_line_now_and_then() -> None:
    """A log is not flooded, and short work says nothing."""
    stream, clock = StringIO(), Clock()
    with Progress(stream, clock) as progress:
        for second in range(12):
            clock.now = float(second)
            progress(second * 1000, 12_000)
    assert stream.getvalue() == "5,000 of 12,000 published\n10,000 of 12,000 published\n"


def test_a_terminal_has_one_line_and_gets_it_back() -> None:
    """Each line is written over the last, and in the end nothing is left."""
    stream, clock = Terminal(), Clock()
    with Progress(stream, clock) as progress:
        progress(1000)
        clock.now = 0.05
        progress(1500)
        clock.now = 0.2
        progress(2)
    assert stream.getvalue() == "\r1,000 published\r2 published    \r               \r"
