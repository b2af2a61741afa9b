"""The AWS resources of a topology: pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from worker.aws.arns import Place
from worker.aws.resources import Bucket, Queue, Resource, Subscription, Table, Topic
from worker.model.disposition import most_receives
from worker.model.names import Names
from worker.model.wire import MAX_SQS_BYTES
from worker.settings import Topology, VendorSettings

_DLQ_RETENTION = timedelta(days=14)  # SQS's longest
_CLAIM_DAYS = 45  # a queue's 14 days, the dead-letter queue's 14, and a queue's again after a redrive


@dataclass(frozen=True, slots=True)
class Stack:
    """Resources in the order in which they must be made; `vendors` do not depend on each other."""

    shared: tuple[Resource, ...]
    vendors: tuple[tuple[Resource, ...], ...]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All of them."""
        return (*self.shared, *(resource for vendor in self.vendors for resource in vendor))


def desired(topology: Topology, place: Place) -> Stack:
    """Say what is to exist, and how."""
    names = Names(topology.sluice.name)
    vendors = {name: (vendor.topic or topology.sluice.topic, vendor) for name, vendor in topology.vendors.items()}
    topics = dict.fromkeys([topology.sluice.topic, *(topic for topic, _ in vendors.values())])
    shared: list[Resource] = [Topic(names.topic(topic)) for topic in topics]
    if topology.sluice.bucket:
        shared.append(_bucket(names.bucket(place.account, place.region)))
    if topology.sluice.table:
        shared.append(_table(names.table))
    return Stack(
        tuple(shared),
        tuple(
            _vendor(name, vendor, place.topic(names.topic(topic)), (names, place))
            for name, (topic, vendor) in vendors.items()
        ),
    )


def _vendor(name: str, vendor: VendorSettings, topic_arn: str, where: tuple[Names, Place]) -> tuple[Resource, ...]:
    names, place = where
    queue, letters, undelivered = names.queue(name), names.dead_letters(name), names.undelivered(name)
    return (
        _dead_letters(letters, place),
        _dead_letters(undelivered, place, topic_arn),
        Queue(
            queue,
            {
                **_common(queue, place, vendor.retention, topic_arn),
                "VisibilityTimeout": _seconds(vendor.visibility),
                "ReceiveMessageWaitTimeSeconds": _seconds(vendor.poll),
                "RedrivePolicy": json.dumps(
                    {
                        "deadLetterTargetArn": place.queue(letters),
                        "maxReceiveCount": most_receives(vendor.max_attempts),
                    }
                ),
            },
        ),
        Subscription(
            topic_arn,
            place.queue(queue),
            {
                "RawMessageDelivery": "true",
                **_filter(vendor),
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": place.queue(undelivered)}),
            },
        ),
    )


def _dead_letters(name: str, place: Place, topic_arn: str | None = None) -> Queue:
    return Queue(name, _common(name, place, _DLQ_RETENTION, topic_arn))


def _common(name: str, place: Place, retention: timedelta, topic_arn: str | None) -> dict[str, str]:
    return {
        "MessageRetentionPeriod": _seconds(retention),
        "MaximumMessageSize": str(MAX_SQS_BYTES),
        "SqsManagedSseEnabled": "true",
        "Policy": json.dumps(_policy(place.queue(name), topic_arn, place.account)),
    }


def _policy(queue_arn: str, topic_arn: str | None, account: str) -> dict[str, object]:
    only_tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    only_its_topic = {
        "Sid": "OnlyItsTopic",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        # The ARN holds the account. AWS documents aws:SourceArn alone for what SNS delivers: were the account not sent
        # with it, a plain StringEquals would refuse every message.
        "Condition": {
            "ArnEquals": {"aws:SourceArn": topic_arn},
            "StringEqualsIfExists": {"aws:SourceAccount": account},
        },
    }
    return {"Version": "2012-10-17", "Statement": [only_its_topic, only_tls] if topic_arn else [only_tls]}


def _filter(vendor: VendorSettings) -> dict[str, str]:
    if not vendor.filter:
        return {"FilterPolicy": "{}"}  # how SNS is told to drop a filter policy
    scope = "MessageBody" if vendor.filter_scope == "body" else "MessageAttributes"
    return {"FilterPolicy": json.dumps(vendor.filter), "FilterPolicyScope": scope}


def _bucket(name: str) -> Bucket:
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    rule = {
        "ID": "sluice-claims",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": _CLAIM_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    return Bucket(name, {"PublicAccessBlock": json.dumps(dict.fromkeys(closed, True)), "Lifecycle": json.dumps([rule])})


def _table(name: str) -> Table:
    keys = {"pk": "HASH", "sk": "RANGE"}  # both strings
    return Table(name, {"Keys": json.dumps(keys), "BillingMode": "PAY_PER_REQUEST", "TimeToLive": "expires"})


def _seconds(duration: timedelta) -> str:
    return str(round(duration.total_seconds()))
