"""Who works: what a second of the day needs of them."""

from __future__ import annotations

from typing import Protocol

from benchmarks.scaling.line import Line


class Crew(Protocol):
    """Tasks or functions."""

    above: int  # calls above the vendor's limit

    @property
    def held(self) -> int:
        """Messages in hand, or hidden by them."""

    @property
    def running(self) -> int:
        """Tasks or function instances now, those that start too."""

    @property
    def hours(self) -> float:
        """Of tasks or function instances, so far."""

    @property
    def dollars(self) -> float:
        """For them, so far."""

    def ended(self, now: int) -> list[int]:
        """What the vendor has taken in this second: when each message arrived."""

    def work(self, now: int, line: Line, *, away: bool) -> None:
        """Send what may be sent in this second."""
