"""The rows of the benchmark can be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.limit.kind import Kind
from benchmarks.limit.place import Place
from benchmarks.limit.rows import ROWS
from worker.local.stack import EmbeddedAws
from worker.ops.check import check
from worker.settings import load


def test_no_two_rows_share_a_queue_or_a_desk() -> None:
    """A row's name is its own even where only letters and digits are left of it."""
    place = Place("", EmbeddedAws(), "http://vendor")
    assert len({place.prefix(row.name) for row in ROWS}) == len(ROWS)
    assert len({place.desk(row.name).url for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("kind", [Kind(["10/s", "150/min"], 1), Kind("1/s", 1, "fleet", 8, visibility=7)])
def test_a_topology_of_a_row_is_sound(tmp_path: Path, kind: Kind) -> None:
    """What a row's workers are started with passes the check that they make at their start."""
    file = tmp_path / "sluice.toml"
    file.write_text(kind.topology("limit-row", "http://127.0.0.1:1/row", table=kind.share == "fleet"))
    check(load(file, environ={})).require()
