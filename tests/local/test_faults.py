"""Which calls a plan disturbs."""

from __future__ import annotations

import json

import pytest

from worker.local.awscall import Call, call_of
from worker.local.faults import Mute, Plan, Refuse, Reset, Rule, away

SQS, SNS = Call("sqs:ReceiveMessage", "json", b"{}"), Call("sns:PublishBatch", "query", b"")
_SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("service", "headers", "body", "operation", "protocol"),
    [
        ("sqs", {"X-Amz-Target": "AmazonSQS.ReceiveMessage"}, b"{}", "sqs:ReceiveMessage", "json"),
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.PutItem"}, b"{}", "dynamodb:PutItem", "json"),
        ("sns", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=Publish&x=1", "sns:Publish", "query"),
        ("s3", {}, b"body", "s3:PUT", "rest"),
    ],
)
def test_a_call_is_known_by_its_bytes(
    service: str, headers: dict[str, str], body: bytes, operation: str, protocol: str
) -> None:
    """The service is the one that it is signed for; the operation stands where its protocol has it."""
    call = call_of("PUT", {**headers, "Authorization": _SIGNED.format(service)}, body)
    assert (call.operation, call.protocol) == (operation, protocol)


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("PutItem", {"Item": {"pk": {"S": "A#v#k1"}, "sk": {"S": "-"}}}),
        ("UpdateItem", {"Key": {"pk": {"S": "A#v#k1"}, "sk": {"S": "-"}}}),
        ("BatchGetItem", {"RequestItems": {"table": {"Keys": [{"pk": {"S": "A#v#k1"}, "sk": {"S": "-"}}]}}}),
        ("BatchWriteItem", {"RequestItems": {"table": [{"PutRequest": {"Item": {"pk": {"S": "A#v#k1"}}}}]}}),
    ],
)
def test_a_call_to_dynamodb_names_its_items(operation: str, fields: dict[str, object]) -> None:
    """Wherever its operation has them; other services' calls have none."""
    body = json.dumps(fields).encode()
    assert Call(f"dynamodb:{operation}", "json", body).items == ["A#v#k1"]
    assert Call("sqs:SendMessage", "json", body).items == ()


def test_rules_hold_while_they_are_injected() -> None:
    """Before and after there is no fault."""
    plan = Plan()
    assert plan.fault_of(SQS, "w1") is None
    with plan.inject(Rule(Mute(), "sqs:*")):
        assert plan.fault_of(SQS, "w1") == Mute()
        assert plan.fault_of(SNS, "w1") is None
    assert plan.fault_of(SQS, "w1") is None


def test_the_first_rule_that_strikes_counts() -> None:
    """Rules further down are for what those above them let pass."""
    plan = Plan()
    with plan.inject(Rule(Refuse(), "sns:*"), Rule(Mute(), "*", door="w2"), Rule(Reset())):
        assert [plan.fault_of(SNS, "w2"), plan.fault_of(SQS, "w2"), plan.fault_of(SQS, "w1")] == [
            Refuse(),
            Mute(),
            Reset(),
        ]


def test_a_chance_strikes_about_so_often_and_a_seed_always_alike() -> None:
    """Same seed, same calls: same faults."""

    def struck(seed: int) -> list[bool]:
        plan = Plan(seed)
        with plan.inject(Rule(Reset(), chance=0.3)):
            return [plan.fault_of(SQS, "w1") is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 <= sum(struck(1)) <= 90


def test_only_what_is_away_severs_an_answer() -> None:
    """A poll in the air loses its answer when its service goes away, not when calls fail now and then."""
    plan = Plan()
    with plan.inject(Rule(Reset(), chance=0.5), Rule(Mute())):
        assert not plan.severed(SQS, "w1")
    with plan.inject(away("sqs:*")):
        assert plan.severed(SQS, "w1")
        assert not plan.severed(SNS, "w1")
