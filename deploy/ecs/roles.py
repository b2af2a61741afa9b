"""Who may do what: worker, publisher, scaler and the ECS agent, each what it calls and no more."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.ecs.access import items, logs
from deploy.ecs.consumer import add_consumer
from deploy.ecs.execution import add_execution
from deploy.ecs.parameters import Parameters
from deploy.ecs.policies import allow, trust
from deploy.ecs.producer import add_producer
from deploy.ecs.role import add_role
from deploy.ecs.site import Site


@dataclass(frozen=True, slots=True)
class Roles:
    """ARNs of roles."""

    consumers: dict[str, str]  # by pool
    execution: str
    scaler: str


def add_roles(site: Site, parameters: Parameters, log_group: str) -> Roles:
    """Make all of them, and the producers' policy."""
    add_producer(site)
    consumers = {pool: add_consumer(site, pool) for pool in site.pools}
    return Roles(consumers, add_execution(site, parameters, log_group), _add_scaler(site, log_group))


def _add_scaler(site: Site, log_group: str) -> str:
    queues = [site.place.queue(site.names.queue(vendor)) for vendor in site.topology.vendors]
    space = {"StringEquals": {"cloudwatch:namespace": site.names.metrics}}
    statements = [
        *allow("SeeQueues", ["sqs:GetQueueAttributes"], queues),
        *items("SeeTasks", ["Query"], ["TASK"]),
        *items("Remember", ["GetItem", "PutItem"], ["SCALER"]),
        *allow("TellMetrics", ["cloudwatch:PutMetricData"], ["*"], space),  # it knows no resources
        *logs(log_group),
    ]
    return add_role(site, "ScalerRole", trust("lambda"), statements)
