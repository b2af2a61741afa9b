"""The resources of a topology."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.aws.arns import Place
from worker.aws.resources import Bucket, Resource, Table, Topic
from worker.ops.desired import desired
from worker.settings import Topology

PLACE = Place("123456789012", "eu-west-1")
SQS = "arn:aws:sqs:eu-west-1:123456789012"
SNS = "arn:aws:sns:eu-west-1:123456789012"


def made(vendor: dict[str, Any], **sluice: Any) -> dict[str, Resource]:
    topology = {"sluice": {"name": "m", "topic": "out", **sluice}, "vendors": {"foo": {"adapter": "echo", **vendor}}}
    stack = desired(Topology.model_validate(topology), PLACE)
    return {f"{type(resource).__name__} {resource.name}": resource for resource in stack.resources}


def queue(vendor: dict[str, Any] | None = None, name: str = "m-foo") -> dict[str, Any]:
    found = made(vendor or {})[f"Queue {name}"]
    return {key: json.loads(value) if value[0] == "{" else value for key, value in found.attributes.items()}


def subscription(vendor: dict[str, Any] | None = None) -> dict[str, Any]:
    found = made(vendor or {})["Subscription m-out → m-foo"]
    return {key: json.loads(value) if value[0] == "{" else value for key, value in found.attributes.items()}


def test_a_vendor_has_a_queue_its_dead_letters_and_a_subscription_with_its_own() -> None:
    """One queue, one DLQ, one DLQ of the subscription, each under the topology's name."""
    assert list(made({})) == [
        "Topic m-out",
        "Queue m-foo-dlq",
        "Queue m-foo-undelivered",
        "Queue m-foo",
        "Subscription m-out → m-foo",
    ]


def test_bucket_and_table_are_made_only_when_asked_for() -> None:
    """Buckets have the account and region in their names, since these are global."""
    found = made({}, bucket=True, table=True)
    assert isinstance(found["Bucket m-claims-123456789012-eu-west-1"], Bucket)
    assert isinstance(found["Table m-state"], Table)
    keys = json.loads(found["Table m-state"].attributes["Keys"])
    assert keys == {"pk": "HASH", "sk": "RANGE"}


def test_the_default_topic_is_made_though_no_vendor_subscribes() -> None:
    """Publishers may come before vendors."""
    assert [type(each) for each in made({"topic": "other"}).values()].count(Topic) == 2


@pytest.mark.parametrize(("attempts", "receives"), [(1, 20), (6, 20), (7, 21), (300, 900)])
def test_receives_are_only_a_backstop(attempts: int, receives: int) -> None:
    """It is max(20, 3 × max_attempts): hand-backs and throttles count there too."""
    assert queue({"max_attempts": attempts})["RedrivePolicy"] == {
        "deadLetterTargetArn": f"{SQS}:m-foo-dlq",
        "maxReceiveCount": receives,
    }


def test_the_queue_s_times_are_the_vendor_s() -> None:
    """Visibility, retention and poll, in seconds."""
    found = queue({"visibility": "90s", "retention": "2d", "poll": "5s"})
    assert found["VisibilityTimeout"] == "90"
    assert found["MessageRetentionPeriod"] == "172800"
    assert found["ReceiveMessageWaitTimeSeconds"] == "5"
    assert found["MaximumMessageSize"] == "1048576"
    assert found["SqsManagedSseEnabled"] == "true"


@pytest.mark.parametrize("name", ["m-foo-dlq", "m-foo-undelivered"])
def test_dead_letters_are_kept_as_long_as_sqs_can(name: str) -> None:
    """Fourteen days, and never redriven by themselves."""
    found = queue({"retention": "1d"}, name)
    assert found["MessageRetentionPeriod"] == "1209600"
    assert "RedrivePolicy" not in found


@pytest.mark.parametrize("name", ["m-foo", "m-foo-undelivered"])
def test_only_its_topic_may_send_to_a_queue(name: str) -> None:
    """SNS, from this topic of this account; and nobody without TLS."""
    [allow, deny] = queue(name=name)["Policy"]["Statement"]
    assert allow["Effect"] == "Allow"
    assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allow["Action"] == "sqs:SendMessage"
    assert allow["Resource"] == f"{SQS}:{name}"
    assert allow["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"{SNS}:m-out"},
        "StringEqualsIfExists": {"aws:SourceAccount": "123456789012"},
    }
    assert (deny["Effect"], deny["Action"], deny["Principal"]) == ("Deny", "sqs:*", "*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_is_let_into_the_dead_letters_by_policy() -> None:
    """The worker buries by its role; the policy only asks for TLS."""
    [deny] = queue(name="m-foo-dlq")["Policy"]["Statement"]
    assert deny["Effect"] == "Deny"


def test_a_subscription_delivers_raw_and_loses_nothing() -> None:
    """Undeliverable messages go to the subscription's own queue."""
    assert subscription() == {
        "RawMessageDelivery": "true",
        "FilterPolicy": {},
        "RedrivePolicy": {"deadLetterTargetArn": f"{SQS}:m-foo-undelivered"},
    }


@pytest.mark.parametrize(("scope", "sns"), [("attributes", "MessageAttributes"), ("body", "MessageBody")])
def test_a_filter_has_its_scope(scope: str, sns: str) -> None:
    """As the topology says, in SNS's words."""
    found = subscription({"filter": {"a": ["x"]}, "filter_scope": scope})
    assert found["FilterPolicy"] == {"a": ["x"]}
    assert found["FilterPolicyScope"] == sns
