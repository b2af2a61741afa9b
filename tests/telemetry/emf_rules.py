"""What AWS says of a line in the embedded metric format, as assertions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from typing import Any

_UNITS = {"Seconds", "Count"}  # of CloudWatch's, those that are used here
_MOST_METRICS, _MOST_DIMENSIONS, _MOST_VALUES = 100, 30, 100
_MOST_TEXT = 255
_MOST_BYTES = 16 * 1024  # the specification allows 256 KB; Docker's log drivers cut lines at 16 KiB by default


def checked(text: str) -> dict[str, Any]:
    """One line, read; raises AssertionError where CloudWatch would not take it."""
    assert len(text.encode()) <= _MOST_BYTES
    assert "\n" not in text
    root: dict[str, Any] = json.loads(text)
    assert set(root["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(root["_aws"]["Timestamp"], int)
    assert root["_aws"]["Timestamp"] > 1_000_000_000_000  # milliseconds
    for directive in root["_aws"]["CloudWatchMetrics"]:
        _check_directive(directive, root)
    targets = {target for directive in root["_aws"]["CloudWatchMetrics"] for target in _targets(directive)}
    assert set(root) == {"_aws", *targets}  # others are allowed, and would be of no use
    return root


def _check_directive(directive: dict[str, Any], root: dict[str, Any]) -> None:
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert 1 <= len(directive["Namespace"]) <= _MOST_TEXT
    assert directive["Dimensions"]
    for dimensions in directive["Dimensions"]:
        assert len(dimensions) <= _MOST_DIMENSIONS
        for name in dimensions:
            assert isinstance(root[name], str)
            assert 1 <= len(root[name]) <= _MOST_TEXT
    assert 1 <= len(directive["Metrics"]) <= _MOST_METRICS
    for metric in directive["Metrics"]:
        assert set(metric) == {"Name", "Unit"}
        assert metric["Unit"] in _UNITS
        _check_values(root[metric["Name"]])


def _check_values(values: Any) -> None:
    numbers = values if isinstance(values, list) else [values]
    assert 1 <= len(numbers) <= _MOST_VALUES
    for number in numbers:
        assert type(number) in {int, float}
        assert math.isfinite(number)


def _targets(directive: dict[str, Any]) -> list[str]:
    names = [metric["Name"] for metric in directive["Metrics"]]
    assert len(set(names)) == len(names)
    return [*names, *(name for dimensions in directive["Dimensions"] for name in dimensions)]
