"""What a topology needs of AWS, as values: each resource with the attributes that it is to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS standard topic."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS standard queue; attributes as SetQueueAttributes takes them."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A queue's subscription to a topic; attributes as SetSubscriptionAttributes takes them."""

    topic_arn: str
    queue_arn: str
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        """Both ends."""
        return f"{_last(self.topic_arn)} → {_last(self.queue_arn)}"


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket: `PublicAccessBlock` and `Lifecycle`, each as JSON of its S3 configuration."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table: `Keys` (JSON, fixed when created), `BillingMode`, `TimeToLive` (the attribute's name)."""

    name: str
    attributes: Mapping[str, str]


Resource = Topic | Queue | Subscription | Bucket | Table


def kind_of(resource: Resource) -> str:
    """What people call it."""
    match resource:
        case Topic():
            return "topic"
        case Queue():
            return "queue"
        case Subscription():
            return "subscription"
        case Bucket():
            return "bucket"
        case Table():
            return "table"
        case _ as never:
            assert_never(never)


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]
