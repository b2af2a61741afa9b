"""A CloudWatch dashboard with a row for each vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Aws, aws_cloudwatch

from deploy.ecs.site import Site

_WIDTH, _HEIGHT = 6, 6  # of a widget: four in a row of 24


def add_dashboard(site: Site) -> aws_cloudwatch.CfnDashboard:
    """Tasks on top; then of each vendor what waits, what became of it, how fast, and what stands in the way."""
    widgets = [_pools(site)]
    for row, vendor in enumerate(site.topology.vendors, start=1):
        widgets += [_placed(widget, row, column) for column, widget in enumerate(_row(site, vendor))]
    return aws_cloudwatch.CfnDashboard(
        site.stack,
        "Dashboard",
        dashboard_name=site.names.prefix,
        dashboard_body=str(site.stack.to_json_string({"widgets": widgets})),
    )


def _pools(site: Site) -> dict[str, Any]:
    metrics = [
        line
        for pool in site.pools
        for line in (
            [site.names.metrics, "RequiredTasks", "pool", pool, {"label": f"{pool}: required", "stat": "Maximum"}],
            _running(site, pool),
        )
    ]
    return {**_widget("Tasks", metrics), "x": 0, "y": 0, "width": 24, "height": _HEIGHT}


def _running(site: Site, pool: str) -> list[Any]:
    """Each task says once a minute how busy it is, so the number of samples is the number of tasks."""
    where = ["ClusterName", site.names.prefix, "ServiceName", pool]
    return ["AWS/ECS", "CPUUtilization", *where, {"label": f"{pool}: running", "stat": "SampleCount"}]


def _row(site: Site, vendor: str) -> list[dict[str, Any]]:
    queue = site.names.queue(vendor)
    return [
        _widget(
            f"{vendor}: waiting",
            [
                ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue],
                [".", "ApproximateNumberOfMessagesNotVisible", ".", "."],
                [".", "ApproximateAgeOfOldestMessage", ".", ".", {"yAxis": "right"}],
                [".", "ApproximateNumberOfMessagesVisible", ".", site.names.dead_letters(vendor)],
            ],
        ),
        _widget(
            f"{vendor}: a minute",
            _own(site, vendor, {f"Messages{what}": "Sum" for what in ("Delivered", "Retried", "Throttled", "Buried")}),
        ),
        _widget(f"{vendor}: seconds", _own(site, vendor, {"DeliverySeconds": "p95", "PermitWaitSeconds": "p95"})),
        _widget(
            f"{vendor}: in the way",
            _own(site, vendor, {"GateClosed": "Maximum", "VendorBound": "Maximum", "RequiredTasks": "Maximum"}),
        ),
    ]


def _own(site: Site, vendor: str, metrics: Mapping[str, str]) -> list[list[Any]]:
    pool = site.topology.vendors[vendor].pool
    first = [site.names.metrics, "", "vendor", vendor, "pool", pool]
    lines = [first, *([".", "", ".", ".", ".", "."] for _ in range(len(metrics) - 1))]
    return [
        [line[0], name, *line[2:], {"stat": stat}] for line, (name, stat) in zip(lines, metrics.items(), strict=True)
    ]


def _widget(title: str, metrics: list[list[Any]]) -> dict[str, Any]:
    told = {"title": title, "region": Aws.REGION, "period": 60, "stat": "Maximum", "metrics": metrics}
    return {"type": "metric", "properties": told}


def _placed(widget: dict[str, Any], row: int, column: int) -> dict[str, Any]:
    return {**widget, "x": _WIDTH * column, "y": _HEIGHT * row, "width": _WIDTH, "height": _HEIGHT}
