"""How a service follows what its scaler says: one ladder of exact capacities."""

from __future__ import annotations

from aws_cdk import aws_applicationautoscaling, aws_cloudwatch, aws_ecs

from deploy.ecs.logical import logical
from deploy.ecs.site import Site
from worker.model.ladder import PERIOD, ladder

_Policy = aws_applicationautoscaling.CfnScalingPolicy


def add_scaling(site: Site, cluster: aws_ecs.CfnCluster, service: aws_ecs.CfnService, pool: str) -> None:
    """Between nothing and `max_tasks`, as RequiredTasks says; where it says nothing, all stays as it is."""
    steps = ladder(site.topology.pools[pool].max_tasks)
    target = aws_applicationautoscaling.CfnScalableTarget(
        site.stack,
        logical("Capacity", pool),
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=f"service/{cluster.ref}/{service.attr_name}",
        min_capacity=0,
        max_capacity=site.topology.pools[pool].max_tasks,
    )
    policy = _Policy(
        site.stack,
        logical("Ladder", pool),
        policy_name=f"{site.names.prefix}-{pool}",
        policy_type="StepScaling",
        scaling_target_id=target.ref,
        step_scaling_policy_configuration=_Policy.StepScalingPolicyConfigurationProperty(
            adjustment_type="ExactCapacity",
            cooldown=PERIOD,
            metric_aggregation_type="Maximum",
            step_adjustments=[
                _Policy.StepAdjustmentProperty(
                    metric_interval_lower_bound=step.lower,
                    metric_interval_upper_bound=step.upper,
                    scaling_adjustment=step.capacity,
                )
                for step in steps.steps
            ],
        ),
    )
    aws_cloudwatch.CfnAlarm(
        site.stack,
        logical("Follow", pool),
        alarm_name=f"{site.names.prefix}-{pool}-scaling",
        alarm_description="Always in alarm: each minute it sets as many tasks as RequiredTasks says. Nothing to do.",
        namespace=site.names.metrics,
        metric_name="RequiredTasks",
        dimensions=[aws_cloudwatch.CfnAlarm.DimensionProperty(name="pool", value=pool)],
        statistic="Maximum",
        period=PERIOD,
        evaluation_periods=1,
        threshold=steps.threshold,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="missing",
        alarm_actions=[policy.ref],
    )
