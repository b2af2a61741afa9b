from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker.cli import main
from worker.settings import Topology

TEXT = """\
[sluice]
name = "m"
[defaults]
adapter = "echo"
[vendors.foo]
[vendors.bar]
pool = "slow-one"
[vendors.baz]
pool = "slow-one"
[pools.slow-one]
[pools.empty]
"""

Run = Callable[..., Result]


@pytest.fixture
def drained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The vendors of each run."""
    seen: list[tuple[str, ...]] = []

    async def run(_topology: Topology, vendors: tuple[str, ...], *, verbosity: int) -> None:
        assert verbosity == 0
        seen.append(vendors)

    monkeypatch.setattr("worker.cli.run.run", run)
    return seen


@pytest.fixture
def sluice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `sluice` as a task on ECS does: no file is there, all that is known are variables."""
    for variable in [name for name in os.environ if name.startswith(("SLUICE_", "AWS_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)

    def invoke(*argv: str, **environ: str) -> Result:
        return CliRunner().invoke(main, list(argv), env={"SLUICE_TOPOLOGY": TEXT, **environ})

    return invoke


def test_a_task_drains_the_vendors_of_its_pool(sluice: Run, drained: list[tuple[str, ...]]) -> None:
    """By variable, as on ECS, or by hand; without either, all of them."""
    assert sluice("run", SLUICE_POOL="slow-one").exit_code == 0
    assert sluice("run", "--pool", "Slow_One").exit_code == 0
    assert sluice("run", "--pool", "default", SLUICE_POOL="slow-one").exit_code == 0
    assert sluice("run").exit_code == 0
    assert drained == [("bar", "baz"), ("bar", "baz"), ("foo",), ("foo", "bar", "baz")]


def test_a_pool_can_be_narrowed_down(sluice: Run, drained: list[tuple[str, ...]]) -> None:
    """To some of its vendors."""
    assert sluice("run", "--pool", "slow-one", "--vendor", "baz").exit_code == 0
    assert drained == [("baz",)]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--pool", "slow-on"], "there is no pool slow-on; did you mean slow-one?"),
        (["--pool", "empty"], "no vendor of the topology runs in the pool empty"),
        (["--pool", "default", "--vendor", "bar"], "no vendor of bar runs in the pool default"),
    ],
)
def test_a_pool_without_work_is_a_mistake(
    sluice: Run, drained: list[tuple[str, ...]], argv: list[str], words: str
) -> None:
    """A task that drains nothing would look well."""
    told = sluice("run", *argv)
    assert told.exit_code == 2
    assert words in told.stderr
    assert drained == []


def test_every_command_reads_the_topology_from_the_variable(sluice: Run) -> None:
    """A file that is named is stronger."""
    told = sluice("check")
    assert (told.exit_code, "all is well" in told.stdout) == (0, True)
    assert sluice("check", SLUICE_CONFIG="none.toml").exit_code == 0
    for argv in (["check", "-c", "none.toml"], ["-c", "none.toml", "check"]):
        assert "none.toml: no such file" in sluice(*argv).stderr


def test_a_mistake_in_the_variable_has_its_line(sluice: Run) -> None:
    """As if it were a file of that name."""
    told = sluice("check", SLUICE_TOPOLOGY=TEXT.replace("[pools.empty]", "[pools.empty]\nmax_task = 1"))
    assert (
        told.stderr
        == "error: SLUICE_TOPOLOGY:12: [pools.empty] max_task: unknown key max_task; did you mean max_tasks?\n"
    )
