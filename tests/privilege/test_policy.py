"""The evaluator says what IAM would."""

from __future__ import annotations

from typing import Any

import pytest

from tests.privilege.policy import Access, allows, like, statements_of, unused

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:shop-crm"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-state"
KEYS = "dynamodb:leadingkeys"


def allow(*actions: str, on: str = QUEUE, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def policy(*statements: dict[str, Any]) -> Any:
    return statements_of({"Version": "2012-10-17", "Statement": list(statements)})


def keyed(operator: str, *patterns: str) -> Any:
    condition = {operator: {"dynamodb:LeadingKeys": list(patterns)}}
    return policy(allow("dynamodb:Query", on=TABLE, Condition=condition))


def query(*keys: str) -> Access:
    return Access("dynamodb:Query", TABLE, ((KEYS, keys),))


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a*c", "abbc", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("secret:shop-??????", "secret:shop-a1B2c3", True),
        ("secret:shop-??????", "secret:shop-other-a1B2c3", False),
        ("[ab]", "a", False),  # no set, as in file names
        ("a.c", "abc", False),
        ("abc", "ABC", False),
    ],
)
def test_patterns_know_two_signs(pattern: str, text: str, fits: bool) -> None:
    """`*` and `?`; all else stands for itself."""
    assert like(pattern, text) == fits


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        (Access("sqs:SendMessage", QUEUE), True),
        (Access("SQS:sendmessage", QUEUE), True),  # actions have no case
        (Access("sqs:ReceiveMessage", QUEUE), False),
        (Access("sqs:SendMessage", f"{QUEUE}-dlq"), False),
        (Access("sqs:SendMessage", QUEUE.upper()), False),
    ],
)
def test_what_is_not_allowed_is_denied(access: Access, allowed: bool) -> None:
    """The action and the resource must both be named."""
    assert allows(policy(allow("sqs:SendMessage")), access) == allowed


def test_a_denial_is_stronger() -> None:
    """Whatever allows it."""
    both = policy(allow("sqs:*", on="*"), {"Effect": "Deny", "Action": "sqs:PurgeQueue", "Resource": "*"})
    assert allows(both, Access("sqs:SendMessage", QUEUE))
    assert not allows(both, Access("sqs:PurgeQueue", QUEUE))


def test_one_statement_need_not_be_a_list() -> None:
    """Nor one action, nor one resource."""
    told = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}
    assert allows(statements_of({"Statement": told}), Access("sqs:SendMessage", QUEUE))


@pytest.mark.parametrize("operator", ["ForAllValues:StringLike", "ForAllValues:StringEquals"])
def test_for_all_values_holds_of_each(operator: str) -> None:
    """One key of a batch that does not fit is enough; a request without keys is not held up by it."""
    told = keyed(operator, "LEDGER#crm#a", "TASK#crm#")
    assert allows(told, query("LEDGER#crm#a", "TASK#crm#"))
    assert not allows(told, query("LEDGER#crm#a", "LEDGER#erp#a"))
    assert allows(told, query())


def test_likeness_is_of_string_like_only() -> None:
    """In StringEquals a `*` is a `*`."""
    assert allows(keyed("ForAllValues:StringLike", "LEDGER#*"), query("LEDGER#crm#a"))
    assert not allows(keyed("ForAllValues:StringEquals", "LEDGER#*"), query("LEDGER#crm#a"))


def test_a_key_that_the_request_has_not_fails_the_condition() -> None:
    """Of those that are not ForAllValues."""
    condition = {"StringEquals": {"cloudwatch:namespace": "Sluice/shop"}}
    told = policy(allow("cloudwatch:PutMetricData", on="*", Condition=condition))
    for namespace, allowed in (("Sluice/shop", True), ("Sluice/other", False)):
        access = Access("cloudwatch:PutMetricData", "*", (("cloudwatch:namespace", (namespace,)),))
        assert allows(told, access) == allowed
    assert not allows(told, Access("cloudwatch:PutMetricData", "*"))


@pytest.mark.parametrize(
    "told",
    [
        {"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:*", "NotResource": "*"},
        allow("sqs:*", Condition={"NumericLessThan": {"s3:max-keys": "10"}}),
        allow("sqs:*", on={"Fn::GetAtt": ["Queue", "Arn"]}),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_known_here_is_an_error(told: dict[str, Any]) -> None:
    """And not a guess."""
    with pytest.raises(ValueError, match="not"):
        policy(told)


def test_what_nobody_needs_is_told() -> None:
    """By pair of action and resource, and by value of a condition."""
    told = policy(
        {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": [QUEUE, f"{QUEUE}-dlq"]},
        allow(
            "dynamodb:Query",
            on=TABLE,
            Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TASK#*", "LEDGER#*"]}},
        ),
    )
    needed = [Access("sqs:SendMessage", QUEUE), Access("sqs:ReceiveMessage", QUEUE), query("TASK#crm#")]
    assert unused(told, needed) == {
        f"sqs:SendMessage on {QUEUE}-dlq",
        f"sqs:ReceiveMessage on {QUEUE}-dlq",
        "dynamodb:LeadingKeys LEDGER#*",
    }
