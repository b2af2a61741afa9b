"""Where the stack logs to: one group, a stream for each task and for the scaler."""

from __future__ import annotations

from aws_cdk import Token, aws_logs

from deploy.ecs.parameters import Parameters
from deploy.ecs.site import Site


def add_logs(site: Site, parameters: Parameters) -> aws_logs.CfnLogGroup:
    """Make the group; it goes with the stack."""
    return aws_logs.CfnLogGroup(
        site.stack,
        "Logs",
        log_group_name=f"/sluice/{site.names.prefix}",
        retention_in_days=Token.as_number(parameters.log_days.value),
    )
