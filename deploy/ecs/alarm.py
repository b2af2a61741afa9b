"""One CloudWatch alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch

from deploy.ecs.advice import ADVICE
from deploy.ecs.logical import logical
from deploy.ecs.site import Site


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured, each `period` seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Maximum"
    period: int = 60


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm is raised: `times` periods in a row are above the threshold."""

    above: float = 0
    times: int = 1
    silence: str = "notBreaching"  # what no data means
    enabled: bool = True


def add_alarm(site: Site, of: str, kind: str, metric: Metric, rule: Rule | None = None) -> aws_cloudwatch.CfnAlarm:
    """Add one that tells the alarm topic: `kind`, such as "late", of a vendor, topic or pool."""
    rule = rule or Rule()
    dimension = aws_cloudwatch.CfnAlarm.DimensionProperty
    return aws_cloudwatch.CfnAlarm(
        site.stack,
        logical("Watch", f"{of}-{kind}"),
        alarm_name=f"{site.names.prefix}-{of}-{kind}",
        alarm_description=ADVICE[kind],
        actions_enabled=rule.enabled,
        alarm_actions=[site.alarm_topic],
        ok_actions=[site.alarm_topic],
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=[dimension(name=key, value=value) for key, value in metric.dimensions.items()],
        statistic=metric.statistic,
        period=metric.period,
        evaluation_periods=rule.times,
        threshold=rule.above,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data=rule.silence,
    )
