from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deploy.stack import VENDORS, of


@pytest.fixture
def widgets() -> list[dict[str, Any]]:
    """As CloudWatch reads them, in eu-west-1."""
    mark, parts = of("Dashboard")["DashboardBody"]["Fn::Join"]
    body = mark.join("eu-west-1" if part == {"Ref": "AWS::Region"} else part for part in parts)
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_has_a_row_of_its_own(widgets: list[dict[str, Any]], vendor: str) -> None:
    """What waits, what became of it, how fast, what stands in the way; side by side."""
    row = [each for each in widgets if each["properties"]["title"].startswith(f"{vendor}: ")]
    assert len({each["y"] for each in row}) == 1
    assert [each["x"] for each in row] == [0, 6, 12, 18]
    assert f"messaging-{vendor}" in json.dumps(row[0])
    assert all(vendor in json.dumps(each["properties"]["metrics"]) for each in row)


def test_no_widget_covers_another(widgets: list[dict[str, Any]]) -> None:
    """24 columns, and each field at most once."""
    fields = [
        (each["x"] + right, each["y"] + down)
        for each in widgets
        for right in range(each["width"])
        for down in range(each["height"])
    ]
    assert len(set(fields)) == len(fields)
    assert max(x for x, _ in fields) == 23


def test_tasks_required_and_running_are_on_top(widgets: list[dict[str, Any]]) -> None:
    """Of both pools, in one widget; the number of running ones is that of ECS's samples."""
    assert widgets[0]["y"] == 0
    labels = [line[-1]["label"] for line in widgets[0]["properties"]["metrics"]]
    assert labels == ["default: required", "default: running", "bar: required", "bar: running"]
