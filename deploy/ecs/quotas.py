"""What AWS takes of one stack, and how large a template's parts are there: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json import JSONEncoder
from typing import Any

from deploy.ecs.logical import logical
from worker.model.errors import ConfigurationError
from worker.settings import Topology

_RESOURCES = 500  # of a template
_POLICY = 10_240  # characters of a role's inline policies, white space not counted
_TASK = 65_536  # bytes of a task definition
_REST = 4_096  # of them for all but the topology
_KNOWN = {"AWS::Partition": "aws", "AWS::Region": "ap-northeast-1", "AWS::AccountId": "0" * 12}  # as long as they get
_WAY_OUT = "give some vendors a topology of their own, with another [sluice] name: it is another stack"

_Resources = Mapping[str, Mapping[str, Any]]
_encode = JSONEncoder(separators=(",", ":")).encode


def require(template: Mapping[str, Any], topology: Topology, text: str) -> None:
    """Raise ConfigurationError where AWS would refuse it while it is deployed."""
    if faults := list(_faults(template["Resources"], topology, text)):
        raise ConfigurationError("\n".join(faults))


def _faults(resources: _Resources, topology: Topology, text: str) -> Iterator[str]:
    if len(resources) > _RESOURCES:
        yield f"{len(resources)} resources, where a stack has {_RESOURCES} at most: {_WAY_OUT}"
    if (size := len(_encode(text))) > _TASK - _REST:
        yield f"the topology's {size:,} bytes do not fit into a task definition, which has {_TASK:,}: {_WAY_OUT}"
    pools = {logical("ConsumerRole", pool): pool for pool in topology.pools}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role" and (size := _size(resource, resources)) > _POLICY:
            yield _too_long(name, pools.get(name), size)


def _too_long(role: str, pool: str | None, size: int) -> str:
    told = f"{size:,} characters of policy, where IAM takes {_POLICY:,}"
    if pool is None:
        return f"{role}: {told}: {_WAY_OUT}"
    return (
        f'[pools.{pool}] {told}: give some of its vendors another, such as pool = "{pool}-2", and add [pools.{pool}-2]'
    )


def _size(role: Mapping[str, Any], resources: _Resources) -> int:
    policies = role["Properties"]["Policies"]
    return sum(len(_encode(_said(policy["PolicyDocument"], resources))) for policy in policies)


def _said(value: Any, resources: _Resources) -> Any:
    """With references replaced by something about as long as what they will be."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return _arn(resources[name]) if name in resources else _KNOWN.get(name, name)
        case {"Fn::Join": [str(mark), list(parts)]}:
            return mark.join(str(_said(part, resources)) for part in parts)
        case dict():
            return {key: _said(each, resources) for key, each in value.items()}
        case list():
            return [_said(each, resources) for each in value]
        case _:
            return value


def _arn(resource: Mapping[str, Any]) -> str:
    service = str(resource["Type"]).split("::")[1].lower()
    names = [name for key, name in resource["Properties"].items() if key.endswith("Name") and isinstance(name, str)]
    return ":".join(("arn:aws", service, _KNOWN["AWS::Region"], _KNOWN["AWS::AccountId"], *names))
