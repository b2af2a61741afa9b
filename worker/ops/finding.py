"""What a check found: where, what, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether it can run like this."""

    ERROR = "error"  # no: it would lose messages, break a promise or not start
    WARNING = "warning"  # yes, but not as one may think


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an operator should know."""

    severity: Severity
    place: str  # "[vendors.foo-primary] timeout"
    text: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.severity:<8} {self.place}: {self.text}\n         → {self.way_out}"


def error(place: str, text: str, way_out: str) -> Finding:
    """It cannot run like this."""
    return Finding(Severity.ERROR, place, text, way_out)


def warning(place: str, text: str, way_out: str) -> Finding:
    """It runs, but not as one may think."""
    return Finding(Severity.WARNING, place, text, way_out)
