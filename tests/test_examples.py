"""The examples are right."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli import main

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*/sluice.toml"))


@pytest.mark.parametrize("topology", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_passes_the_check(topology: Path) -> None:
    """Who starts from it starts from something that works."""
    told = CliRunner().invoke(main, ["check", "-c", str(topology)])
    assert (told.exit_code, "all is well" in told.output) == (0, True), told.output
