"""docs/scaling.md shows what the simulation gives."""

from __future__ import annotations

from pathlib import Path

from benchmarks.scaling.contenders import play_all
from benchmarks.scaling.pattern import PATTERNS
from benchmarks.scaling.summary import figures, summary
from worker.ops.prices import Prices

PAGE = Path(__file__).parents[3] / "docs/scaling.md"


def test_the_page_has_the_table_of_bursts() -> None:
    """Line by line, and nothing of it is missed; the shortest of the days, in seconds of computing."""
    played = play_all(PATTERNS[0], Prices.load())
    head, rule, *rows = summary(played).splitlines()
    text = PAGE.read_text()
    assert all(line in text for line in (head, rule, *rows))
    assert not any(figure.missed for figure in figures(played))
