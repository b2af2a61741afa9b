"""A committed template, deployed to the embedded AWS's CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from worker.aws.session import Aws

LACKING = (  # what ministack's CloudFormation does not make; a VPC is given, so that the last two are not asked for
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
)
_PARAMETERS = {"Image": "repository/sluice:1", "VpcId": "vpc-1", "PrivateSubnets": "subnet-1,subnet-2"}


class Stack:
    """One stack of the embedded AWS."""

    def __init__(self, name: str, aws: Aws) -> None:
        self._name = name
        self._aws = aws

    async def create(self, path: Path) -> None:
        """Deploy the template in this file."""
        cloudformation = await self._client()
        await cloudformation.create_stack(**self._arguments(path))
        await self._complete("stack_create_complete")

    async def update(self, path: Path) -> None:
        """Deploy this one in its place."""
        cloudformation = await self._client()
        await cloudformation.update_stack(**self._arguments(path))
        await self._complete("stack_update_complete")

    async def outputs(self) -> Mapping[str, str]:
        """What it tells, by name."""
        told = (await self._described())["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in told}

    async def environment(self, family: str) -> Mapping[str, str]:
        """What the tasks of a task definition find in their environment."""
        ecs = await self._aws.client("ecs", attempts=3)
        definition = (await ecs.describe_task_definition(taskDefinition=family))["taskDefinition"]
        [container] = definition["containerDefinitions"]
        return {variable["name"]: variable["value"] for variable in container["environment"]}

    def _arguments(self, path: Path) -> dict[str, Any]:
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in _PARAMETERS.items()]
        template = json.dumps(without(LACKING, json.loads(path.read_text())))
        wanted = {"Parameters": parameters, "Capabilities": ["CAPABILITY_IAM"]}
        return {"StackName": self._name, "TemplateBody": template, **wanted}

    async def _complete(self, waiter: str) -> None:
        waiting = (await self._client()).get_waiter(waiter)
        try:
            await waiting.wait(StackName=self._name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        except WaiterError as error:
            raise AssertionError("\n".join(await self._failures())) from error

    async def _described(self) -> dict[str, Any]:
        cloudformation = await self._client()
        [stack] = (await cloudformation.describe_stacks(StackName=self._name))["Stacks"]
        return dict(stack)

    async def _failures(self) -> list[str]:
        cloudformation = await self._client()
        events = (await cloudformation.describe_stack_events(StackName=self._name))["StackEvents"]
        failed = (event for event in events if event["ResourceStatus"].endswith("_FAILED"))
        return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed]

    async def _client(self) -> Any:
        return await self._aws.client("cloudformation", attempts=3)


def without(types: tuple[str, ...], template: dict[str, Any]) -> dict[str, Any]:
    """The template without unconditional resources of these types, and without what refers to them."""
    resources = dict(template["Resources"])
    gone = {name for name, one in resources.items() if one["Type"] in types and "Condition" not in one}
    while gone & resources.keys():
        resources = {name: one for name, one in resources.items() if name not in gone}
        gone |= {name for name, one in resources.items() if gone & set(_references(one))}
    return {**template, "Resources": resources}


def _references(value: object) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict():
            for each in value.values():
                yield from _references(each)
            yield from _depends_on(value)
        case list():
            for each in value:
                yield from _references(each)


def _depends_on(resource: dict[str, Any]) -> Iterator[str]:
    named = resource.get("DependsOn", [])
    yield from [named] if isinstance(named, str) else named
