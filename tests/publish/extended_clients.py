"""AWS's own extended clients, run in a process of their own: their import replaces boto3's Session."""

from __future__ import annotations

import json
import sys
from typing import Any


def send_by_sns(bucket: str, topic: str, body: str) -> Any:
    """Publish by the SNS extended client."""
    from sns_extended_client import SNSExtendedClientSession  # noqa: PLC0415 -- replaces boto3's Session

    sns = SNSExtendedClientSession().client("sns")
    sns.large_payload_support = bucket
    return sns.publish(TopicArn=topic, Message=body, MessageAttributes={"a": _text("1")})["MessageId"]


def send_by_sqs(bucket: str, queue: str, body: str) -> Any:
    """Send by the SQS extended client, in the form of today."""
    return _sqs(bucket).send_message(QueueUrl=queue, MessageBody=body, MessageAttributes={"a": _text("1")})["MessageId"]


def send_by_old_sqs(bucket: str, queue: str, body: str) -> Any:
    """Send by the SQS extended client, in its first form."""
    sqs = _sqs(bucket)
    sqs.use_legacy_attribute = True
    return sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes={})["MessageId"]


def receive_by_sqs(bucket: str, queue: str) -> Any:
    """Receive by the SQS extended client."""
    # Its delete cannot be used here: it cuts a receipt handle at "-", and ministack's are UUIDs.
    [message] = _sqs(bucket).receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    return {"body": message["Body"], "attributes": sorted(message["MessageAttributes"])}


def _sqs(bucket: str) -> Any:
    from sqs_extended_client import SQSExtendedClientSession  # noqa: PLC0415 -- replaces boto3's Session

    sqs = SQSExtendedClientSession().client("sqs")
    sqs.large_payload_support = bucket
    return sqs


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


if __name__ == "__main__":
    action, *arguments = json.load(sys.stdin)
    json.dump(globals()[action](*arguments), sys.stdout)
