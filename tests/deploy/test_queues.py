from __future__ import annotations

from datetime import timedelta

import pytest

from tests.deploy.stack import GROWN, RESOURCES, VENDORS, arn, of, typed

DAYS_14 = int(timedelta(days=14).total_seconds())
QUEUES = [f"Queue{name}{kind}" for name in VENDORS.values() for kind in ("", "Dlq", "Undelivered")]
vendors = pytest.mark.parametrize("name", VENDORS.values())


def test_each_vendor_has_three_queues_and_nothing_else_has_one() -> None:
    """Its own, its dead letters, and those of its subscription."""
    assert sorted(typed("SQS::Queue")) == sorted(QUEUES)


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_encrypted_and_keeps_for_fourteen_days(queue: str) -> None:
    """SSE-SQS; and SQS keeps nothing for longer."""
    assert of(queue)["SqsManagedSseEnabled"] is True
    assert of(queue)["MessageRetentionPeriod"] == DAYS_14


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_refuses_whoever_comes_without_tls(queue: str) -> None:
    """Anybody, for any action."""
    policy = of(f"PolicyOf{queue}")
    assert policy["Queues"] == [{"Ref": queue}]
    [deny] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
    assert (deny["Principal"], deny["Action"], deny["Resource"]) == ("*", "sqs:*", arn(queue))
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if not queue.endswith("Dlq")])
def test_exactly_its_topic_may_send_to_a_queue(queue: str) -> None:
    """SNS alone, by the topic's ARN, and for this account."""
    [allow] = [each for each in of(f"PolicyOf{queue}")["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
    assert (allow["Action"], allow["Resource"]) == ("sqs:SendMessage", arn(queue))
    assert allow["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Ref": "TopicOutgoingMessages"}},
        "StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if queue.endswith("Dlq")])
def test_no_policy_lets_anybody_into_the_dead_letters(queue: str) -> None:
    """The worker buries by its role, SQS by the redrive policy."""
    assert [each["Effect"] for each in of(f"PolicyOf{queue}")["PolicyDocument"]["Statement"]] == ["Deny"]


@vendors
def test_a_queue_moves_what_kills_workers_to_its_dead_letters(name: str) -> None:
    """After max(20, 3 × max_attempts) receives, of 8 attempts."""
    assert of(f"Queue{name}")["RedrivePolicy"] == {"deadLetterTargetArn": arn(f"Queue{name}Dlq"), "maxReceiveCount": 24}


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if queue.endswith(("Dlq", "Undelivered"))])
def test_dead_letters_stay_where_they_are(queue: str) -> None:
    """They have no redrive policy of their own."""
    assert "RedrivePolicy" not in of(queue)


@pytest.mark.parametrize(("vendor", "name"), VENDORS.items())
def test_a_subscription_filters_delivers_raw_and_has_its_own_dead_letters(vendor: str, name: str) -> None:
    """One for each vendor, from the topic to its queue."""
    assert of(f"Subscription{name}") == {
        "Protocol": "sqs",
        "TopicArn": {"Ref": "TopicOutgoingMessages"},
        "Endpoint": arn(f"Queue{name}"),
        "RawMessageDelivery": True,
        "FilterPolicy": {"target": [vendor.upper()]},
        "FilterPolicyScope": "MessageAttributes",
        "RedrivePolicy": {"deadLetterTargetArn": arn(f"Queue{name}Undelivered")},
    }


def test_a_subscription_without_a_filter_says_what_one_would_look_at() -> None:
    """It gets all. Were the scope left out with the filter, CloudFormation would set it to null, which SNS refuses."""
    found = GROWN["Resources"]["SubscriptionFooSecondary"]["Properties"]
    assert "FilterPolicy" not in found
    assert found["FilterPolicyScope"] == "MessageAttributes"


@vendors
def test_a_subscription_begins_when_its_queues_let_sns_in(name: str) -> None:
    """A message that came before would be refused by both, and lost."""
    needed = {f"PolicyOfQueue{name}", f"PolicyOfQueue{name}Undelivered"}
    assert needed <= set(RESOURCES[f"Subscription{name}"]["DependsOn"])


def test_nobody_publishes_to_a_topic_without_tls() -> None:
    """The alarm topic's policy says so, too."""
    for topic in typed("SNS::Topic"):
        statements = of(f"PolicyOf{topic}")["PolicyDocument"]["Statement"]
        [deny] = [each for each in statements if each["Effect"] == "Deny"]
        assert (deny["Principal"], deny["Action"], deny["Resource"]) == ("*", "sns:Publish", {"Ref": topic})
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
