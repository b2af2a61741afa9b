"""Each call needs what AWS's service authorization reference says."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from tests.privilege.access import Place
from tests.privilege.policy import Access
from worker.local.awscall import Call

PLACE = Place("123456789012", "eu-west-1")
HERE = "eu-west-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/shop-state"


def call(operation: str, **fields: object) -> Call:
    return Call(operation, "json", json.dumps(fields).encode())


def keyed(action: str, *keys: str) -> Access:
    return Access(f"dynamodb:{action}", TABLE, (("dynamodb:leadingkeys", keys),))


KEY = {"pk": {"S": "LEDGER#crm#a"}, "sk": {"S": "-"}}
OTHER = {"pk": {"S": "TASK#crm#"}, "sk": {"S": "=x"}}


@pytest.mark.parametrize(
    ("made", "needed"),
    [
        (call("sqs:GetQueueUrl", QueueName="shop-crm"), Access("sqs:GetQueueUrl", f"arn:aws:sqs:{HERE}:shop-crm")),
        (
            call("sqs:SendMessageBatch", QueueUrl="https://sqs.example/123456789012/shop-crm-dlq"),
            Access("sqs:SendMessage", f"arn:aws:sqs:{HERE}:shop-crm-dlq"),
        ),
        (
            Call("sns:PublishBatch", "query", urlencode({"Action": "PublishBatch", "TopicArn": "arn:t"}).encode()),
            Access("sns:Publish", "arn:t"),
        ),
        (
            Call("s3:PUT", "rest", b"", "/claims/a%20b?x-id=PutObject"),
            Access("s3:PutObject", "arn:aws:s3:::claims/a b"),
        ),
        (Call("s3:GET", "rest", b"", "/claims/a"), Access("s3:GetObject", "arn:aws:s3:::claims/a")),
        (
            call("secretsmanager:GetSecretValue", SecretId="shop/crm"),
            Access("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:shop/crm-a1B2c3"),
        ),
        (
            call("secretsmanager:GetSecretValue", SecretId="arn:aws:secretsmanager:x:1:secret:shop/crm"),
            Access("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:x:1:secret:shop/crm-a1B2c3"),
        ),
        (
            call("secretsmanager:GetSecretValue", SecretId="arn:aws:secretsmanager:x:1:secret:shop/crm-Zz9Zz9"),
            Access("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:x:1:secret:shop/crm-Zz9Zz9"),
        ),
        (
            call("dynamodb:BatchGetItem", RequestItems={"shop-state": {"Keys": [KEY, OTHER]}}),
            keyed("BatchGetItem", "LEDGER#crm#a", "TASK#crm#"),
        ),
        (
            call("dynamodb:BatchWriteItem", RequestItems={"shop-state": [{"PutRequest": {"Item": OTHER}}]}),
            keyed("BatchWriteItem", "TASK#crm#"),
        ),
        (call("dynamodb:UpdateItem", TableName="shop-state", Key=KEY), keyed("UpdateItem", "LEDGER#crm#a")),
        (
            call("dynamodb:Query", TableName="shop-state", ExpressionAttributeValues={":pk": {"S": "TASK#crm#"}}),
            keyed("Query", "TASK#crm#"),
        ),
        (
            Call("monitoring:PutMetricData", "query", b"Action=PutMetricData&Namespace=Sluice%2Fshop"),
            Access("cloudwatch:PutMetricData", "*", (("cloudwatch:namespace", ("Sluice/shop",)),)),
        ),
        (
            Call("monitoring:POST", "rest", b"\xa1iNamespacekSluice/shop", "/service/Granite/operation/PutMetricData"),
            Access("cloudwatch:PutMetricData", "*", (("cloudwatch:namespace", ("Sluice/shop",)),)),
        ),
    ],
    ids=lambda value: value.operation if isinstance(value, Call) else "",
)
def test_a_call_needs(made: Call, needed: Access) -> None:
    """The action that authorises it, the whole ARN, and what conditions may ask about."""
    assert PLACE.accesses(made) == [needed]


@pytest.mark.parametrize(
    "made",
    [
        call("kms:Decrypt", KeyId="k"),
        Call("s3:GET", "rest", b"", "/claims"),
        Call("s3:GET", "rest", b"", "/claims/a?acl"),
        Call("sns:Subscribe", "query", b"Action=Subscribe&TopicArn=t"),
    ],
    ids=lambda made: made.operation,
)
def test_a_call_that_is_not_known_here_is_an_error(made: Call) -> None:
    """A feature that calls something new is told, and not left out of the proof."""
    with pytest.raises(ValueError, match="not known here"):
        PLACE.accesses(made)
