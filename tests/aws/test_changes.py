"""What must change for a resource to be as it should."""

from __future__ import annotations

import json

import pytest

from worker.aws.changes import Created, Unchanged, Updated, changes
from worker.aws.resources import Queue, Subscription, Topic

ARN = "arn:aws:sqs:eu-west-1:1:q-dlq"


def test_what_is_not_there_is_created() -> None:
    """One change, whatever its attributes."""
    assert changes(Topic("t"), None) == (Created("topic", "t"),)


def test_what_is_as_it_should_be_is_unchanged() -> None:
    """Attributes that nobody asked for do not matter."""
    assert changes(Queue("q", {"VisibilityTimeout": "60"}), {"VisibilityTimeout": "60", "DelaySeconds": "3"}) == (
        Unchanged("queue", "q"),
    )


def test_each_drift_is_told_from_and_to() -> None:
    """One change per attribute, readable."""
    found = changes(Queue("q", {"VisibilityTimeout": "60", "Policy": "{}"}), {"VisibilityTimeout": "30"})
    assert found == (
        Updated("queue", "q", "VisibilityTimeout", "30", "60"),
        Updated("queue", "q", "Policy", None, "{}"),
    )
    assert [str(change) for change in found] == [
        "update queue q: VisibilityTimeout 30 → 60",
        "update queue q: Policy unset → {}",
    ]


@pytest.mark.parametrize(
    ("name", "wanted", "live"),
    [
        ("Policy", '{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ("RedrivePolicy", json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 24}), None),
        ("FilterPolicy", "{}", None),
        ("FilterPolicyScope", "MessageAttributes", None),
        ("SqsManagedSseEnabled", "true", None),
    ],
)
def test_what_says_the_same_is_no_drift(name: str, wanted: str, live: str | None) -> None:
    """JSON in another order, numbers as text as the console writes them, and what AWS leaves out by default."""
    told = {name: live} if live else {}
    if name == "RedrivePolicy":
        told = {name: f'{{"maxReceiveCount":"24","deadLetterTargetArn":"{ARN}"}}'}
    assert changes(Queue("q", {name: wanted}), told) == (Unchanged("queue", "q"),)


def test_numbers_and_texts_in_a_filter_differ() -> None:
    """A filter for 1 is not one for "1"."""
    [change] = changes(Subscription("t:t", "q:q", {"FilterPolicy": '{"a": [1]}'}), {"FilterPolicy": '{"a": ["1"]}'})
    assert isinstance(change, Updated)


def test_a_queue_with_a_key_of_its_owner_is_left_with_it() -> None:
    """Encryption by a KMS key is not taken back to SQS's own."""
    live = {"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/ours"}
    assert changes(Queue("q", {"SqsManagedSseEnabled": "true"}), live) == (Unchanged("queue", "q"),)
    [change] = changes(Queue("q", {"SqsManagedSseEnabled": "true"}), {"SqsManagedSseEnabled": "false"})
    assert isinstance(change, Updated)
