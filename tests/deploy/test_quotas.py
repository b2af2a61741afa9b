from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from deploy.ecs.quotas import require
from deploy.ecs.reading import read
from tests.deploy.stack import EXAMPLE, STACK
from tests.privilege.template import Template
from worker.model.errors import ConfigurationError

TOPOLOGY, TEXT = read(EXAMPLE / "sluice.toml")
PLACE = {"account": "123456789012", "region": "ap-northeast-1"}


def swollen(role: str, count: int) -> dict[str, Any]:
    """The example's template, with so many queues more in a role's first statement."""
    stack = deepcopy(STACK)
    [policy] = stack["Resources"][role]["Properties"]["Policies"]
    policy["PolicyDocument"]["Statement"][0]["Resource"] += [{"Fn::GetAtt": ["QueueFooPrimary", "Arn"]}] * count
    return stack


def length(stack: dict[str, Any], role: str) -> int:
    [policy] = stack["Resources"][role]["Properties"]["Policies"]
    told = Template(stack, **PLACE).resolve(policy["PolicyDocument"])
    return len(json.dumps(told, separators=(",", ":")))


def test_the_example_is_within_all_of_them() -> None:
    """Nothing is said."""
    require(STACK, TOPOLOGY, TEXT)


def test_a_pool_whose_policy_is_too_long_is_refused_with_the_way_out() -> None:
    """IAM would refuse it in the midst of a deployment; another pool has another role."""
    with pytest.raises(
        ConfigurationError, match=r"\[pools.default\] 1\d,\d{3} .* IAM takes 10,240.*\[pools.default-2\]"
    ):
        require(swollen("ConsumerRoleDefault", 200), TOPOLOGY, TEXT)


def test_a_policy_is_refused_no_sooner_than_iam_would() -> None:
    """Names and places are filled in; a little sooner, for it is not known how long the region's name is."""
    count = 0
    while _passes(swollen("ConsumerRoleDefault", count)):
        count += 1
    assert 10_240 - 100 < length(swollen("ConsumerRoleDefault", count), "ConsumerRoleDefault") < 10_240 + 200


def test_another_role_that_is_too_long_is_refused_too() -> None:
    """The scaler looks at all queues: there, another stack is the way out."""
    with pytest.raises(ConfigurationError, match=r"ScalerRole: .* a topology of their own"):
        require(swollen("ScalerRole", 200), TOPOLOGY, TEXT)


def test_a_stack_of_too_many_resources_is_refused() -> None:
    """CloudFormation has 500 in one template: thirty vendors and some."""
    more = {f"Topic{number}": {"Type": "AWS::SNS::Topic"} for number in range(500)}
    with pytest.raises(ConfigurationError, match=r"resources, where a stack has 500 at most: give some vendors"):
        require({"Resources": {**STACK["Resources"], **more}}, TOPOLOGY, TEXT)


def test_a_topology_that_no_task_definition_takes_is_refused() -> None:
    """It stands there as a variable."""
    with pytest.raises(ConfigurationError, match=r"bytes do not fit into a task definition, which has 65,536"):
        require(STACK, TOPOLOGY, TEXT + "#" * 60_000)


def _passes(stack: dict[str, Any]) -> bool:
    try:
        require(stack, TOPOLOGY, TEXT)
    except ConfigurationError:
        return False
    return True
