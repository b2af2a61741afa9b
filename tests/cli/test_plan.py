"""`sluice plan` on the command line: loads are read, the platform is ECS, mistakes are one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from worker.cli import main

FILE = """
[sluice]
name = "m"
table = true
[vendors.foo]
adapter = "echo"
rate = "80/s"
[vendors.bar]
adapter = "echo"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "sluice.toml"
    file.write_text(FILE)
    return file


def run(config: Path, *argv: str) -> Result:
    return CliRunner().invoke(main, ["plan", "-c", str(config), *argv])


def vendor(config: Path, *argv: str) -> dict[str, Any]:
    found = run(config, *argv, "--json")
    assert found.exit_code == 0, found.output
    told: dict[str, Any] = json.loads(found.stdout)["vendors"][0]
    return told


def test_a_load_is_read_as_people_write_it(config: Path) -> None:
    """By the second, by the day, for all or for one."""
    assert vendor(config, "--rate", "foo=20/s", "--rate", "5/s")["load"] == 20
    assert vendor(config, "--messages-per-day", "864000")["load"] == 5
    assert vendor(config, "--backlog", "foo=100")["backlog"] == 100
    assert vendor(config, "--seconds-per-request", "0.3")["request_seconds"] == 0.3


def test_it_plans_for_ecs(config: Path) -> None:
    """There a fleet shares the limit, so less of it is used than by one task here."""
    assert vendor(config)["limit_per_second"] == pytest.approx(70.2, abs=0.1)


def test_settings_may_be_tried(config: Path) -> None:
    """Before they are written into the file."""
    assert vendor(config, "--set", "vendors.foo.rate=10/s")["limit"] == "10/s"


def test_without_a_load_it_shows_what_idling_costs(config: Path) -> None:
    """And no task."""
    found = run(config)
    assert found.exit_code == 0
    assert "together" in found.stdout
    assert vendor(config)["tasks"] == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--rate", "5"], "'5' is not a rate"),
        (["--backlog", "many"], "'many' is no number to plan for"),
        (["--backlog=-1"], "'-1' is no number to plan for"),
        (["--backlog", "inf"], "'inf' is no number to plan for"),
        (["--rate", f"0.{'0' * 400}1/s"], "is slower than can be counted"),
        (["--seconds-per-request", "0"], "takes no time"),
        (["--rate", "fo=5/s"], "there is no vendor fo"),
        (["--prices", "none.toml"], "none.toml: cannot be read: No such file"),
    ],
)
def test_a_mistake_is_one_clear_line(config: Path, argv: list[str], words: str) -> None:
    """And exit code 2."""
    found = run(config, *argv)
    assert found.exit_code == 2
    assert words in found.stderr
