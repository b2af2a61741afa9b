"""What `sluice dev` tells people to paste."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from worker.ops.sample import publish_line
from worker.settings import Topology


def line(file: Path | None = Path("sluice.toml"), **entry: Any) -> list[str]:
    vendors = {"foo": {"adapter": "echo", **entry}, "bar": {"adapter": "echo", "filter": {"target": ["BAR"]}}}
    return shlex.split(publish_line(Topology.model_validate({"sluice": {"name": "m"}, "vendors": vendors}), file))


@pytest.mark.parametrize(
    ("entry", "attributes"),
    [
        ({}, []),
        ({"filter": {"event": ["signup", "login"]}}, ["-a", "event=signup"]),
        ({"filter": {"event": [{"prefix": "sign"}, "login"]}}, ["-a", "event=login"]),
        ({"filter": {"event": [{"prefix": "sign"}], "shop": ["a b"]}}, ["-a", "event=VALUE", "-a", "shop=a b"]),
        ({"filter": {"to": ["x"]}, "filter_scope": "body"}, []),
    ],
)
def test_it_has_the_attributes_of_the_first_vendors_filter(entry: dict[str, Any], attributes: list[str]) -> None:
    """So that what is pasted arrives somewhere; where a filter names no text, it shows what to fill in."""
    assert line(**entry) == ["sluice", "publish", '{"hello": "world"}', *attributes]


def test_it_names_the_file_where_it_is_not_the_usual_one() -> None:
    """Else `sluice publish` would look for sluice.toml where there is none."""
    assert line(Path("my examples/a/sluice.toml"))[2:4] == ["-c", "my examples/a/sluice.toml"]
    assert "-c" not in line(Path("sluice.toml"))
    assert "-c" not in line(None)
