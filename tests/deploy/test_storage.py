from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.stack import RESOURCES, arn, of, typed

KEPT = ("SQS::Queue", "DynamoDB::Table", "S3::Bucket")


def test_the_claim_bucket_is_closed_to_the_public() -> None:
    """By all four of S3's switches."""
    assert of("ClaimBucket")["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }


def test_the_claim_bucket_refuses_whoever_comes_without_tls() -> None:
    """Anybody, for the bucket and its objects."""
    [deny] = of("PolicyOfClaimBucket")["PolicyDocument"]["Statement"]
    objects = {"Fn::Join": ["", [arn("ClaimBucket"), "/*"]]}
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "s3:*")
    assert deny["Resource"] == [arn("ClaimBucket"), objects]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_claim_lives_longer_than_any_queue_can_hold_its_pointer() -> None:
    """14 days in the queue and 14 in its dead letters."""
    [rule] = of("ClaimBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] > 28


def test_the_state_table_is_paid_by_request_forgets_and_can_be_restored() -> None:
    """On demand, TTL on `expires`, point in time recovery."""
    table = of("StateTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


@pytest.mark.parametrize("resource", [name for kind in KEPT for name in typed(kind)])
def test_what_holds_messages_outlives_the_stack(resource: str) -> None:
    """A stack's removal loses none; only a creation that is rolled back takes it away again."""
    assert RESOURCES[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_what_outlives_the_stack_can_be_imported_by_itself() -> None:
    """It refers to nothing that went with the stack: docs/deploy.md begins a new one with it."""
    kept = {name: each for name, each in RESOURCES.items() if "DeletionPolicy" in each}
    assert {name for each in kept.values() for name in referred(each)} <= {*kept, "AWS::AccountId", "AWS::Region"}


def referred(told: Any) -> Iterator[str]:
    match told:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            for each in told.values():
                yield from referred(each)
        case list():
            for each in told:
                yield from referred(each)
