"""The page on deploying says what the code says."""

from __future__ import annotations

import pytest

from tests.deploypage import PAGE, between, parts


@pytest.mark.parametrize("name", ["alarms", "costs"])
def test_a_generated_part_is_current(name: str) -> None:
    """Write it anew with `python -m tests.deploypage` after a change of alarms, prices or the example."""
    assert between(PAGE.read_text(), name) == parts()[name]
