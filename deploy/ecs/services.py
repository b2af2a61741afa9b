"""The cluster, and a service for each pool."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import CfnTag, aws_ecs

from deploy.ecs.logical import logical
from deploy.ecs.network import Network
from deploy.ecs.site import Site

_Service = aws_ecs.CfnService


def add_cluster(site: Site) -> aws_ecs.CfnCluster:
    """Make it; Fargate's two kinds of capacity are all that it has."""
    return aws_ecs.CfnCluster(
        site.stack, "Cluster", cluster_name=site.names.prefix, capacity_providers=["FARGATE", "FARGATE_SPOT"]
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where services are."""

    cluster: aws_ecs.CfnCluster
    network: Network


def add_service(site: Site, place: Place, task: aws_ecs.CfnTaskDefinition, pool: str) -> aws_ecs.CfnService:
    """Run a pool's tasks. It says no desired count: it begins with one task, and then the scaler alone decides.

    In a deploy old and new tasks run side by side, for the limit is the fleet's; but a vendor's `max_connections` is
    divided by `max_tasks`, so of such a pool the old ones are stopped first.
    """
    side_by_side = all(vendor.max_connections is None for vendor in site.vendors(pool).values())
    return _Service(
        site.stack,
        logical("Service", pool),
        service_name=pool,
        cluster=place.cluster.ref,
        task_definition=task.ref,
        capacity_provider_strategy=[
            _Service.CapacityProviderStrategyItemProperty(
                capacity_provider="FARGATE", base=site.topology.pools[pool].on_demand, weight=0
            ),
            _Service.CapacityProviderStrategyItemProperty(capacity_provider="FARGATE_SPOT", weight=1),
        ],
        deployment_configuration=_Service.DeploymentConfigurationProperty(
            deployment_circuit_breaker=_Service.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
            minimum_healthy_percent=100 if side_by_side else 0,
            maximum_percent=200 if side_by_side else 100,
        ),
        availability_zone_rebalancing=None if side_by_side else "DISABLED",  # it starts one before it stops one
        network_configuration=_Service.NetworkConfigurationProperty(
            awsvpc_configuration=_Service.AwsVpcConfigurationProperty(
                assign_public_ip="DISABLED",
                subnets=place.network.subnets,
                security_groups=place.network.security_groups,
            )
        ),
        enable_execute_command=False,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        tags=[CfnTag(key="network", value=place.network.routes)],  # or it could begin before there is a way out
    )
