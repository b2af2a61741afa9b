"""Figures are shown beside what is to be reached, and written as one flat object."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Goal, flat, table, write


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal("≤", 1.35), 1.35, True),
        (Goal("≤", 1.35), 1.36, False),
        (Goal("≥", 0.8), 0.8, True),
        (Goal("≥", 0.8), 0.79, False),
        (Goal("≤", 1.35), nan, False),
        (Goal("≥", 0.8), nan, False),
    ],
)
def test_a_goal_is_met_at_its_bound_and_never_by_what_was_not_measured(goal: Goal, value: float, met: bool) -> None:
    """A goal is met at its bound, not beyond it, and never by what was not measured."""
    assert goal.met(value) is met


def test_the_table_says_what_is_to_be_reached_and_what_is_missed() -> None:
    """The table has a verdict for each figure with a goal, and none for the others."""
    figures = [
        Figure("ratio", 1.5, "× floor", Goal("≤", 1.35)),
        Figure("use", 0.995, goal=Goal("≥", 0.99)),
        Figure("rate", 12345.6),
    ]
    lines = [line.split() for line in table(figures).splitlines()]
    assert lines[0] == ["figure", "value", "unit", "to", "reach"]
    assert lines[1] == ["ratio", "1.5", "×", "floor", "≤", "1.35", "MISSED"]
    assert lines[2] == ["use", "0.995", "≥", "0.99", "ok"]
    assert lines[3] == ["rate", "12,346"]


def test_the_file_is_one_flat_object(tmp_path: Path) -> None:
    """The file holds figure name → number, and null for what was not measured."""
    write([Figure("ratio", 1.5, "× floor", Goal("≤", 1.35)), Figure("use", nan)], tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == {"ratio": 1.5, "use": None}


def test_names_are_not_lost() -> None:
    """Two figures of one name are an error, not one figure."""
    with pytest.raises(ValueError, match="ratio"):
        flat([Figure("ratio", 1), Figure("ratio", 2)])
