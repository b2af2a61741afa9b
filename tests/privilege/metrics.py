"""Which metrics are written, and which are looked at: a name, and the names of its dimensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.privilege.template import Template
from tests.telemetry.emf_rules import checked
from worker.local.awscall import Call

_DATUM = re.compile(r"MetricData\.member\.(\d+)\.MetricName")


class Metric(NamedTuple):
    """One, whatever the values of its dimensions."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]  # in alphabetical order


def written(line: str) -> Iterator[Metric]:
    """Those of a line in the embedded metric format."""
    for directive in checked(line)["_aws"]["CloudWatchMetrics"]:
        for told in directive["Metrics"]:
            for dimensions in directive["Dimensions"]:
                yield Metric(directive["Namespace"], told["Name"], tuple(sorted(dimensions)))


def put(call: Call) -> Iterator[Metric]:
    """Those of a PutMetricData."""
    for field, name in call.fields.items():
        if found := _DATUM.fullmatch(field):
            place = re.compile(rf"MetricData\.member\.{found[1]}\.Dimensions\.member\.\d+\.Name")
            keys = sorted(text for each, text in call.fields.items() if place.fullmatch(each))
            yield Metric(call.fields["Namespace"], name, tuple(keys))


def looked_at(template: Template) -> Iterator[Metric]:
    """Those of its alarms and dashboards."""
    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        told = alarm["Properties"]
        keys = sorted(each["Name"] for each in told["Dimensions"])
        yield Metric(told["Namespace"], told["MetricName"], tuple(keys))
    for dashboard in template.of_type("AWS::CloudWatch::Dashboard").values():
        for widget in json.loads(template.resolve(dashboard["Properties"]["DashboardBody"]))["widgets"]:
            yield from _rows(widget["properties"].get("metrics", ()))


def _rows(rows: Sequence[Sequence[Any]]) -> Iterator[Metric]:
    """Of a widget, where a dot stands for what is above it."""
    above: list[str] = []
    for row in rows:
        texts = [part for part in row if isinstance(part, str)]
        above = [above[place] if text == "." else text for place, text in enumerate(texts)]
        if above:
            namespace, name, *dimensions = above
            yield Metric(namespace, name, tuple(sorted(dimensions[::2])))
