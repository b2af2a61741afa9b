"""What a pool's tasks are: one container of the worker's image."""

from __future__ import annotations

from aws_cdk import Aws, aws_ecs

from deploy.ecs.logical import logical
from deploy.ecs.parameters import Parameters
from deploy.ecs.roles import Roles
from deploy.ecs.site import Site

_STOP = 120  # seconds from SIGTERM to SIGKILL: the most that Fargate gives
_TMP = "tmp"
_Definition = aws_ecs.CfnTaskDefinition


def add_task(site: Site, parameters: Parameters, roles: Roles, log_group: str, pool: str) -> aws_ecs.CfnTaskDefinition:
    """Define them; the topology is part of it, so what runs is what was deployed, until the next deploy."""
    size = site.topology.pools[pool]
    return _Definition(
        site.stack,
        logical("Task", pool),
        family=f"{site.names.prefix}-{pool}",
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(size.cpu),
        memory=str(size.memory),
        runtime_platform=_Definition.RuntimePlatformProperty(cpu_architecture="ARM64", operating_system_family="LINUX"),
        task_role_arn=roles.consumers[pool],
        execution_role_arn=roles.execution,
        volumes=[_Definition.VolumeProperty(name=_TMP)],
        container_definitions=[_container(site, parameters, log_group, pool)],
    )


def _container(
    site: Site, parameters: Parameters, log_group: str, pool: str
) -> aws_ecs.CfnTaskDefinition.ContainerDefinitionProperty:
    said = {"AWS_REGION": Aws.REGION, "SLUICE_POOL": pool, "SLUICE_TOPOLOGY": site.told}
    return _Definition.ContainerDefinitionProperty(
        name="worker",
        image=parameters.image.value_as_string,
        essential=True,
        command=["run"],
        environment=[_Definition.KeyValuePairProperty(name=name, value=value) for name, value in said.items()],
        user="10001:10001",
        readonly_root_filesystem=True,
        mount_points=[
            _Definition.MountPointProperty(source_volume=_TMP, container_path="/tmp", read_only=False)  # noqa: S108
        ],
        linux_parameters=_Definition.LinuxParametersProperty(
            capabilities=_Definition.KernelCapabilitiesProperty(drop=["ALL"])
        ),
        stop_timeout=_STOP,
        health_check=_Definition.HealthCheckProperty(
            command=["CMD", "sluice", "health"], interval=30, timeout=10, retries=3, start_period=60
        ),
        log_configuration=_Definition.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": log_group,
                "awslogs-region": Aws.REGION,
                "awslogs-stream-prefix": pool,
                "mode": "non-blocking",  # logs that cannot be handed on are lost, and do not hold up the worker
                "max-buffer-size": "4m",
            },
        ),
    )
