"""One line of CloudWatch's embedded metric format: what it holds, and how that is written.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
A metric is a number, or a list of at most a hundred; the specification knows no values with counts, and no statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from json import JSONEncoder

Values = float | Sequence[float]

# Of a vendor: dimensions vendor and pool. Counts are those since the line before.
COUNTS = (
    "MessagesReceived",
    "MessagesDelivered",
    "MessagesRetried",
    "MessagesThrottled",
    "MessagesBuried",
    "MessagesHandedBack",
    "LeasesLost",
    "TableCallFailures",
    "AdapterFailures",
    "PipelineCrashes",
)
SECONDS = ("DeliverySeconds", "MessageAgeSeconds", "PermitWaitSeconds")
GAUGES = ("MessagesInFlight", "GateClosed", "VendorBlocked", "LimiterDegraded")
# Of a pool: dimension pool alone.
STARTS = "WorkerStarts"

_encode = JSONEncoder(separators=(",", ":")).encode


def line(namespace: str, at: datetime, dimensions: Mapping[str, str], metrics: Mapping[str, Values]) -> str:
    """Write one, without its end; a list that is empty is left out. Seconds are rounded to microseconds."""
    told = {
        name: _rounded(values) for name, values in metrics.items() if not (isinstance(values, Sequence) and not values)
    }
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": "Seconds" if name in SECONDS else "Count"} for name in told],
    }
    head = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return _encode({"_aws": head, **dimensions, **told})


def _rounded(values: Values) -> Values:
    return [round(value, 6) for value in values] if isinstance(values, Sequence) else values
