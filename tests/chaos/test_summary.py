"""The table that the README shows."""

from __future__ import annotations

from benchmarks.chaos.ride import Ride
from benchmarks.chaos.summary import summary
from worker.local.promises import Judgement


def ridden(duplicates: dict[str, int]) -> Ride:
    told = Judgement(
        published=1500,
        delivered=1499,
        buried=1,
        burials={"kills": 1},
        redriven=0,
        queued=0,
        lost=0,
        recalled=0,
        duplicates=duplicates,
        examples={},
        violations=[],
    )
    return Ride("poison", 1, told, 1502, {}, {}, {}, 61.4, deaths=4, stops=1)


def test_each_storm_is_a_row_of_one_table() -> None:
    """Counts with thousands, what was confirmed and never seen as lost, duplicates by cause."""
    lines = summary([ridden({}), ridden({"b": 2, "a": 1})]).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {10}
    assert lines[2] == "| `poison` | 1,500 | 1,499 | 1 | 2 | 0 | 0 | 4 / 1 | 61 |"
    assert "| 1 a; 2 b |" in lines[3]
