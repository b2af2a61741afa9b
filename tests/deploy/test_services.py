from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.stack import EXAMPLE, GROWN, POOLS, STACK, arn, of, typed
from worker.settings import load

pools = pytest.mark.parametrize("name", POOLS.values())


def container(name: str) -> dict[str, Any]:
    [only] = of(f"Task{name}")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def test_there_is_a_service_for_each_pool() -> None:
    """And a task definition for each."""
    assert sorted(typed("ECS::Service")) == sorted(f"Service{name}" for name in POOLS.values())
    assert sorted(typed("ECS::TaskDefinition")) == sorted(f"Task{name}" for name in POOLS.values())


@pytest.mark.parametrize(("pool", "name"), POOLS.items())
def test_a_task_is_told_its_pool_and_the_topology(pool: str, name: str) -> None:
    """The text of sluice.toml as it is, once in the template; and no secret."""
    said = {each["Name"]: each["Value"] for each in container(name)["Environment"]}
    assert said == {
        "AWS_REGION": {"Ref": "AWS::Region"},
        "SLUICE_POOL": pool,
        "SLUICE_TOPOLOGY": {"Fn::FindInMap": ["Topology", "sluice", "toml"]},
    }
    assert STACK["Mappings"]["Topology"]["sluice"]["toml"] == (EXAMPLE / "sluice.toml").read_text("utf-8")
    assert "Secrets" not in container(name)


@pools
def test_a_task_runs_on_arm_by_fargate(name: str) -> None:
    """A network interface of its own, and the size that its pool has by default."""
    task = of(f"Task{name}")
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    assert (task["RequiresCompatibilities"], task["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert (task["Cpu"], task["Memory"]) == ("256", "512")


@pools
def test_a_container_is_the_image_that_was_given_as_user_10001(name: str) -> None:
    """It runs the worker, with no capabilities of Linux."""
    assert container(name)["Image"] == {"Ref": "Image"}
    assert container(name)["Command"] == ["run"]
    assert container(name)["User"] == "10001:10001"
    assert container(name)["LinuxParameters"] == {"Capabilities": {"Drop": ["ALL"]}}


@pools
def test_a_container_writes_to_tmp_alone(name: str) -> None:
    """The root is read-only; /tmp is a volume that goes with the task."""
    assert container(name)["ReadonlyRootFilesystem"] is True
    assert container(name)["MountPoints"] == [{"ContainerPath": "/tmp", "ReadOnly": False, "SourceVolume": "tmp"}]
    assert of(f"Task{name}")["Volumes"] == [{"Name": "tmp"}]


@pools
def test_a_container_has_two_minutes_to_stop_and_the_worker_less(name: str) -> None:
    """Fargate's longest; the worker's own stop_timeout on ECS is within it."""
    topology = load(EXAMPLE / "sluice.toml", environ={"ECS_CONTAINER_METADATA_URI_V4": "on ECS"})
    assert container(name)["StopTimeout"] == 120 > topology.sluice.stop_timeout.total_seconds()


@pools
def test_a_container_s_health_is_what_the_worker_says(name: str) -> None:
    """By `sluice health`."""
    check = container(name)["HealthCheck"]
    assert check["Command"] == ["CMD", "sluice", "health"]
    assert check["Timeout"] < check["Interval"]


@pytest.mark.parametrize(("pool", "name"), POOLS.items())
def test_a_container_logs_to_a_group_that_forgets(pool: str, name: str) -> None:
    """A slow CloudWatch Logs does not hold up the worker."""
    logging = container(name)["LogConfiguration"]
    assert logging["LogDriver"] == "awslogs"
    assert logging["Options"]["awslogs-group"] == {"Ref": "Logs"}
    assert logging["Options"]["awslogs-stream-prefix"] == pool
    assert logging["Options"]["mode"] == "non-blocking"
    assert of("Logs")["RetentionInDays"] == {"Ref": "LogDays"}
    assert STACK["Parameters"]["LogDays"]["Default"] == "30"


@pools
def test_a_task_has_its_own_role_and_the_agent_another(name: str) -> None:
    """What pulls the image cannot read the queues."""
    assert of(f"Task{name}")["TaskRoleArn"] == arn(f"ConsumerRole{name}")
    assert of(f"Task{name}")["ExecutionRoleArn"] == arn("ExecutionRole")


@pools
def test_the_first_task_is_on_demand_and_the_others_are_spot(name: str) -> None:
    """A pool's `on_demand`, by default 1."""
    assert of(f"Service{name}")["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 1, "Weight": 0},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 1},
    ]
    assert of("Cluster")["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert "LaunchType" not in of(f"Service{name}")


@pools
def test_a_deploy_that_fails_is_rolled_back(name: str) -> None:
    """By the circuit breaker; the old tasks stay until the new ones are there."""
    assert of(f"Service{name}")["DeploymentConfiguration"] == {
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
    }


def test_where_a_vendor_caps_connections_old_tasks_stop_before_new_ones_start() -> None:
    """Its max_connections is divided by max_tasks, so that no more of them may run."""
    service = GROWN["Resources"]["ServiceBar"]["Properties"]
    told = service["DeploymentConfiguration"]
    assert (told["MinimumHealthyPercent"], told["MaximumPercent"]) == (0, 100)
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"


@pools
def test_a_deploy_does_not_undo_the_scaler(name: str) -> None:
    """No desired count is said."""
    assert "DesiredCount" not in of(f"Service{name}")


@pools
def test_nobody_gets_a_shell_in_a_task(name: str) -> None:
    """No ECS Exec by default."""
    assert of(f"Service{name}")["EnableExecuteCommand"] is False


@pools
def test_tasks_are_in_private_subnets_and_nothing_comes_in(name: str) -> None:
    """Those given, or those made; no public address, no rule for what comes in."""
    network = of(f"Service{name}")["NetworkConfiguration"]["AwsvpcConfiguration"]
    made = [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}]
    assert network["Subnets"] == {"Fn::If": ["MakesVpc", made, {"Fn::Split": [",", {"Ref": "PrivateSubnets"}]}]}
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["SecurityGroups"] == [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}]
    assert "SecurityGroupIngress" not in of("SecurityGroup")
    assert typed("EC2::SecurityGroupIngress") == {}


@pools
def test_a_service_begins_when_there_is_a_way_out(name: str) -> None:
    """Or its first tasks die, and the circuit breaker ends the deploy: it refers to the routes, by a tag."""
    [tag] = [each for each in of(f"Service{name}")["Tags"] if each["Key"] == "network"]
    joined = [{"Ref": "PrivateSubnetRoutes1"}, {"Ref": "PrivateSubnetRoutes2"}]
    assert tag["Value"] == {"Fn::If": ["MakesVpc", {"Fn::Join": [" ", joined]}, "given"]}
