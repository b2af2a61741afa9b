"""The README's promises to its reader: what is generated is current, what is to be copied works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli import main
from worker.ops.keys import events_table, settings_tables

README = Path(__file__).parent.parent / "README.md"


def generated(command: str) -> str:
    """What stands between a command's marks."""
    found = re.search(rf"<!-- generated: {command} -->\n(.*?)<!-- end -->", README.read_text(), re.DOTALL)
    assert found, command
    return found[1]


def file(name: str) -> str:
    """The file of that name that the README tells to write."""
    found = re.search(rf"<!-- file: {name} -->\n```\w+\n(.*?)```", README.read_text(), re.DOTALL)
    assert found, name
    return found[1]


@pytest.mark.parametrize(
    ("command", "table"), [("sluice keys", settings_tables()), ("sluice keys --events", events_table())]
)
def test_the_generated_tables_are_current(command: str, table: str) -> None:
    """Write them anew with `python -m tests.readme` after a change of settings or events."""
    assert generated(command).strip() == table.strip()


def test_the_vendor_of_the_readme_passes_the_check(tmp_path: Path) -> None:
    """Who copies the two files of "Add a vendor" into a folder has a vendor."""
    for name in ("acme.py", "sluice.toml"):
        (tmp_path / name).write_text(file(name))
    told = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "sluice.toml")])
    assert (told.exit_code, "all is well" in told.output) == (0, True), told.output
