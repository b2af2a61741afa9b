"""A picture for each group of rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.limit.result import Result, Seen
from benchmarks.limit.sending import Request, Sending, Trouble, Watch
from worker.model.rate import parse_rate

pytest.importorskip("matplotlib", reason="it is in the bench extra")
PNG = b"\x89PNG"


def result(name: str, group: str) -> Result:
    requests = [Request(number / 10, number / 10, "w1") for number in range(30)]
    troubles = [Trouble("killed", 1.0, 1.0, "w1"), Trouble("table away", 1.0, 2.0)]
    seen = [Seen(who, Sending(requests, Watch(0, 3, troubles)), 1.0) for who in ("Sluice", "aiolimiter")]
    return Result(name, group, parse_rate(["10/s", "20/min"]), seen, [])


def test_each_group_has_its_picture(tmp_path: Path) -> None:
    """Rows of one group share a picture."""
    from benchmarks.limit.plots import draw  # noqa: PLC0415 - matplotlib is optional

    rows = [result("one", "one worker"), result("other", "one worker"), result("third", "a fleet at 80/s")]
    files = list(draw(rows, tmp_path))
    assert [file.name for file in files] == ["limit-one-worker.png", "limit-a-fleet-at-80-s.png"]
    assert all(file.read_bytes().startswith(PNG) for file in files)
