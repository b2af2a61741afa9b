"""Measured figures beside what is to be reached: a table for people, one flat object for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from worker.ops.table import columns


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to reach."""

    sign: Literal["≤", "≥"]
    bound: float

    def met(self, value: float) -> bool:
        """Whether a value reaches it; what was not measured (NaN) does not."""
        match self.sign:
            case "≤":
                return value <= self.bound
            case "≥":
                return value >= self.bound
            case _ as never:
                assert_never(never)

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `goal` is None where it is only reported."""

    name: str  # its key in the JSON object
    value: float
    unit: str = ""
    goal: Goal | None = None

    @property
    def missed(self) -> bool:
        """Whether it has a goal and does not reach it."""
        return self.goal is not None and not self.goal.met(self.value)


def table(figures: Sequence[Figure]) -> str:
    """One line for each figure: name, value, unit, what is to be reached, and whether it is."""
    return columns([("figure", "value", "unit", "to reach", ""), *(_row(figure) for figure in figures)])


def flat(figures: Sequence[Figure]) -> Mapping[str, float | None]:
    """Figure name → number; null for what was not measured, for JSON knows no NaN. A name that is twice raises."""
    numbers: dict[str, float | None] = {}
    for figure in figures:
        if figure.name in numbers:
            raise ValueError(f"two figures are called {figure.name}")
        numbers[figure.name] = None if math.isnan(figure.value) else figure.value
    return numbers


def write(figures: Sequence[Figure], file: Path) -> None:
    """Write the flat object."""
    file.write_text(json.dumps(flat(figures), indent=2) + "\n")


def _row(figure: Figure) -> Sequence[str]:
    goal = "" if figure.goal is None else str(figure.goal)
    verdict = "" if figure.goal is None else "MISSED" if figure.missed else "ok"
    return (
        figure.name,
        f"{figure.value:,.4g}" if abs(figure.value) < 1000 else f"{figure.value:,.0f}",
        figure.unit,
        goal,
        verdict,
    )
