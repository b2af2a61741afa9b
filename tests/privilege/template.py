"""A CloudFormation template, with its intrinsics resolved to what the resources will be called."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.privilege.policy import Statement, statements_of

_PLACE = re.compile(r"\$\{(!?)([^}]*)\}")
_NAMED = {  # by type: the property with its name, and what stands before that in its ARN
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{region}:{account}:table/"),
    "AWS::S3::Bucket": ("BucketName", "s3:::"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{region}:{account}:function:"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role/"),
    "AWS::ECS::Cluster": ("ClusterName", "ecs:{region}:{account}:cluster/"),
}


class Template:
    """One, deployed as `stack` into an account and region; parameters have the values given, else their defaults."""

    def __init__(
        self, told: Mapping[str, Any], *, account: str, region: str, parameters: Mapping[str, str] | None = None
    ) -> None:
        self._told = told
        self._where = {"account": account, "region": region}
        defaults = {name: str(each.get("Default", name)) for name, each in told.get("Parameters", {}).items()}
        self._known = {
            **defaults,
            **(parameters or {}),
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "stack",
        }

    @classmethod
    def read(cls, path: Path, *, account: str, region: str, parameters: Mapping[str, str] | None = None) -> Self:
        """From its file."""
        return cls(json.loads(path.read_text()), account=account, region=region, parameters=parameters)

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """By logical ID, as they are written."""
        return self._told["Resources"]

    def of_type(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """The resources of a type, by logical ID."""
        return {name: each for name, each in self.resources.items() if each["Type"] == kind}

    def statements(self, name: str) -> list[Statement]:
        """What a role may do (by its logical ID), or what a managed policy allows."""
        resource = self.resources[name]["Properties"]
        own = [each["PolicyDocument"] for each in resource.get("Policies", ())]
        attached = [
            policy["Properties"]["PolicyDocument"]
            for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            for logical, policy in self.of_type(kind).items()
            if logical == name or {"Ref": name} in policy["Properties"].get("Roles", ())
        ]
        return [statement for document in (*own, *attached) for statement in statements_of(self.resolve(document))]

    def resolve(self, told: Any) -> Any:
        """With every intrinsic in its place replaced; raises KeyError or ValueError for one that is not known here."""
        match told:
            case {"Ref": str(name)} if len(told) == 1:
                return self._ref(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case dict() if len(told) == 1 and (name := next(iter(told))).startswith("Fn::"):
                return _FUNCTIONS[name](self, told[name])
            case dict():
                return {name: self.resolve(value) for name, value in told.items()}
            case list():
                return [self.resolve(value) for value in told]
            case _:
                return told

    def _ref(self, name: str) -> str:
        if name in self._known:
            return self._known[name]
        arn = self.resources[name]["Type"] in {"AWS::SNS::Topic", "AWS::SecretsManager::Secret"}
        return self._attribute(name, "Arn") if arn else self._name(name)

    def _name(self, logical: str) -> str:
        resource = self.resources[logical]
        key, _ = _NAMED[resource["Type"]]
        return str(self.resolve(resource.get("Properties", {}).get(key, f"stack-{logical}")))

    def _attribute(self, logical: str, attribute: str) -> str:
        if attribute in {"QueueName", "TopicName"}:
            return self._name(logical)
        if attribute not in {"Arn", "TopicArn"}:
            return f"{logical}.{attribute}"  # what no policy is made of: an IP address, a stream
        _, place = _NAMED[self.resources[logical]["Type"]]
        arn = f"arn:aws:{place.format(**self._where)}{self._name(logical)}"
        return f"{arn}:*" if self.resources[logical]["Type"] == "AWS::Logs::LogGroup" else arn

    def join(self, told: Any) -> str:
        """`Fn::Join`."""
        mark, parts = told
        return str(mark).join(map(str, self.resolve(parts)))

    def sub(self, told: Any) -> str:
        """`Fn::Sub`, with names of its own or without."""
        text, own = (told, {}) if isinstance(told, str) else told

        def value(place: re.Match[str]) -> str:
            escaped, name = place.groups()
            if escaped:
                return f"${{{name}}}"
            if name in own:
                return str(self.resolve(own[name]))
            logical, _, attribute = name.partition(".")
            return self._attribute(logical, attribute) if attribute else self._ref(name)

        return _PLACE.sub(value, text)

    def select(self, told: Any) -> Any:
        """`Fn::Select`."""
        index, values = told
        return self.resolve(values)[int(index)]

    def split(self, told: Any) -> list[str]:
        """`Fn::Split`."""
        mark, text = told
        return str(self.resolve(text)).split(mark)


_FUNCTIONS: Mapping[str, Callable[[Template, Any], Any]] = {
    "Fn::Join": Template.join,
    "Fn::Sub": Template.sub,
    "Fn::Select": Template.select,
    "Fn::Split": Template.split,
}
