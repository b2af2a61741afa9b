from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.vendors.lib.budgets import cost_wait, refilled, usage_wait
from worker.vendors.lib.reply import Reply

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("estimated_time_to_regain_access"), inner),
)
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)


@pytest.mark.parametrize(
    ("requested", "available", "per_second", "wait"),
    [
        (1_000, 250, 100.0, 7.5),
        (112, 2_000, 100, 0.0),
        (50, -50, 100, 1.0),
        (10**9, 0, 0.001, 43_200.0),
        pytest.param(10**400, 0, 100, None, id="huge"),
        pytest.param(10**400, 0.5, 100, None, id="huge and a float"),
        (math.nan, 0, 100, None),
        (100, 0, 0, None),
        (100, 0, -1, None),
        (100, 0, math.nan, None),
        ("100", 0, 100, None),
        (100, None, 100, None),
    ],
)
def test_a_bucket_is_waited_for_until_what_is_missing_is_there(
    requested: object, available: object, per_second: object, wait: float | None
) -> None:
    """What is missing, by what comes back in a second; no word where that makes no sense."""
    assert refilled(requested, available, per_second) == (None if wait is None else timedelta(seconds=wait))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_bucket_never_raises(requested: object, available: object, per_second: object) -> None:
    """Whatever JSON holds, a wait is between 0 and 12 hours, or absent."""
    wait = refilled(requested, available, per_second)
    assert wait is None or timedelta(0) <= wait <= timedelta(hours=12)


def test_shopify_says_what_a_query_costs_and_what_is_there() -> None:
    """A reply that is throttled, in HTTP 200; 252 points at 100 a second, of which 38 are there."""
    throttled = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {
            "cost": {
                "requestedQueryCost": 252,
                "actualQueryCost": None,
                "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 38, "restoreRate": 100.0},
            }
        },
    }
    assert cost_wait(Reply(200, body=json.dumps(throttled).encode())) == timedelta(seconds=2.14)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"extensions": {"cost": {"requestedQueryCost": 2}}}'])
def test_a_reply_without_a_cost_says_nothing(body: bytes) -> None:
    """HTML of a proxy, another kind of reply."""
    assert cost_wait(Reply(429, body=body)) is None


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        ('{"estimated_time_to_regain_access": 19}', 19),
        ('{"1": [{"type": "a", "estimated_time_to_regain_access": 0}]}', None),
        ('{"1": [{"estimated_time_to_regain_access": 5}], "2": [{"estimated_time_to_regain_access": 7}]}', 7),
        ('{"1": [{"estimated_time_to_regain_access": 100000}]}', 720),
        ('{"1": [{"estimated_time_to_regain_access": -3}]}', None),
        ('{"1": [{"estimated_time_to_regain_access": "5"}]}', None),
        ('{"1": [{"estimated_time_to_regain_access": NaN}]}', None),
        ('{"call_count": 100}', None),
        ("[" * 100_000, None),
        ("<html>", None),
        ("", None),
    ],
)
def test_meta_says_minutes(usage: str, wait: float | None) -> None:
    """The longest of them, wherever they stand; 0 is no word."""
    reply = Reply(400, {"X-Business-Use-Case-Usage": usage})
    assert usage_wait(reply) == (None if wait is None else timedelta(minutes=wait))


@given(JSON)
def test_a_usage_never_raises(usage: object) -> None:
    """Any JSON."""
    wait = usage_wait(Reply(400, {"X-Business-Use-Case-Usage": json.dumps(usage)}))
    assert wait is None or timedelta(0) < wait <= timedelta(hours=12)
