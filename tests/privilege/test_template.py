"""Intrinsics become the names that the resources will have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.privilege.policy import Access, allows
from tests.privilege.template import Template

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "Policies": [
            {
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                    }
                }
            }
        ]
    },
}
ATTACHED = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "Roles": [{"Ref": "Role"}],
        "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": "Topic"}}]},
    },
}
TEMPLATE = Template(
    {
        "Parameters": {"Image": {"Type": "String"}, "Days": {"Type": "Number", "Default": 30}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "shop-crm"}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "shop-news"}},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${Table2}-state"}}},
            "Table2": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "shop"}},
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": {"Fn::Join": ["-", ["shop", {"Ref": "AWS::AccountId"}]]}},
            },
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/sluice/shop"}},
            "Role": ROLE,
            "Attached": ATTACHED,
        },
    },
    account="123456789012",
    region="eu-west-1",
    parameters={"Image": "image:1"},
)


@pytest.mark.parametrize(
    ("told", "resolved"),
    [
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-west-1:123456789012:shop-crm"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:123456789012:shop-news"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-state"),
        ({"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}, "arn:aws:s3:::shop-123456789012/*"),
        ({"Fn::GetAtt": ["Log", "Arn"]}, "arn:aws:logs:eu-west-1:123456789012:log-group:/sluice/shop:*"),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:x:${AWS::Region}:${!raw}:${Bucket}"},
            "arn:aws:x:eu-west-1:${raw}:shop-123456789012",
        ),
        (
            {"Fn::Sub": ["${Queue.Arn}/${own}", {"own": {"Ref": "Days"}}]},
            "arn:aws:sqs:eu-west-1:123456789012:shop-crm/30",
        ),
        ({"Fn::Select": [1, {"Fn::Split": [":", {"Ref": "Image"}]}]}, "1"),
        ({"A": [{"Ref": "AWS::Region"}], "B": 1}, {"A": ["eu-west-1"], "B": 1}),
    ],
)
def test_intrinsics_are_resolved(told: Any, resolved: Any) -> None:
    """As CloudFormation documents them."""
    assert TEMPLATE.resolve(told) == resolved


@pytest.mark.parametrize("told", [{"Fn::ImportValue": "x"}, {"Ref": "Nothing"}, {"Fn::GetAtt": ["Nothing", "Arn"]}])
def test_what_is_not_known_here_is_an_error(told: Any) -> None:
    """A name that nobody has would make any proof worthless."""
    with pytest.raises(KeyError):
        TEMPLATE.resolve(told)


def test_a_role_has_its_own_policies_and_those_attached_to_it() -> None:
    """Both count."""
    statements = TEMPLATE.statements("Role")
    assert allows(statements, Access("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:shop-crm"))
    assert allows(statements, Access("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:shop-news"))
    assert len(statements) == len(TEMPLATE.statements("Attached")) + 1 == 2
