"""What SNS takes as a filter policy."""

from __future__ import annotations

from typing import Any

import pytest

from worker.ops.filters import combinations, policy_faults


@pytest.mark.parametrize(
    "values",
    [
        ["x"],
        ["x", 5, -1.5, True, None],
        [{"prefix": "a"}],
        [{"suffix": "a"}],
        [{"equals-ignore-case": "A"}],
        [{"exists": False}],
        [{"cidr": "10.0.0.0/24"}],
        [{"anything-but": "x"}],
        [{"anything-but": ["x", 5]}],
        [{"anything-but": {"prefix": "x"}}],
        [{"numeric": ["=", 5]}],
        [{"numeric": [">", 0, "<=", 100]}],
    ],
)
def test_a_valid_list_is_taken(values: list[Any]) -> None:
    """Texts, numbers, true, false, null and the operators that SNS documents."""
    assert list(policy_faults({"key": values}, "attributes")) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x", 'write a list, ["x"]'),
        (5, "write a list, [5]"),
        ([], "matches nothing"),
        ({}, "matches nothing"),
        ([["x"]], "neither text, number"),
        ([{}], "stands alone"),
        ([{"prefix": "a", "suffix": "b"}], "stands alone"),
        ([{"perfix": "a"}], "unknown operator perfix; did you mean prefix?"),
        ([{"prefix": ""}], "needs a text"),
        ([{"prefix": 5}], "needs a text"),
        ([{"exists": "yes"}], "needs true or false"),
        ([{"cidr": "10.0.0.0/99"}], "is not a network"),
        ([{"cidr": 10}], "is not a network"),
        ([{"anything-but": []}], "needs a text, a number"),
        ([{"anything-but": {"prefix": 5}}], "needs a text"),
        ([{"anything-but": {"cidr": "x"}}], "needs a text, a number"),
        ([{"numeric": ["=="]}], "needs such as"),
        ([{"numeric": ["==", 5]}], "needs such as"),
        ([{"numeric": ["<", 5, ">", 1]}], "from lower to upper"),
        ([{"numeric": ["=", "5"]}], "is not a number"),
        ([{"numeric": ["=", True]}], "is not a number"),
        ([1_000_000_001], "beyond ±10⁹"),
        ({"inner": ["x"]}, 'only filter_scope = "body"'),
    ],
)
def test_a_fault_is_named(value: object, words: str) -> None:
    """Which key, and what SNS wants instead."""
    (fault,) = policy_faults({"key": value}, "attributes")
    assert fault.startswith("key")
    assert words in fault


def test_five_keys_at_the_top() -> None:
    """Keys inside of others do not count."""
    assert list(policy_faults({f"k{n}": ["x"] for n in range(5)}, "attributes")) == []
    assert list(policy_faults({f"k{n}": ["x"] for n in range(6)}, "attributes")) == ["6 keys at the top, SNS takes 5"]
    assert list(policy_faults({"top": {f"k{n}": ["x"] for n in range(6)}}, "body")) == []


def test_combinations_are_counted_as_sns_does() -> None:
    """Every list's values times its depth, multiplied: the Developer Guide's two examples."""
    flat = {"a": ["1", "2", "3"], "b": ["1"], "c": ["1", "2"]}
    assert combinations(flat) == 6
    nested = {
        "a": {"b": {"c": ["1", "2", "3", "4"]}},
        "d": {"e": ["1", "2", "3"]},
        "f": ["1", "2", "3"],
    }
    assert combinations(nested) == 216
    assert list(policy_faults(nested, "body")) == ["216 combinations of values, SNS takes 150"]


def test_alternatives_are_added() -> None:
    """`$or` needs two tables at least, and each is looked into."""
    policy = {"a": ["1", "2"], "$or": [{"b": ["1", "2", "3"]}, {"c": [{"prefix": "x"}]}]}
    assert combinations(policy) == 2 * (3 + 1)
    assert list(policy_faults(policy, "attributes")) == []
    assert "at least two" in next(policy_faults({"$or": [{"b": ["1"]}]}, "attributes"))
    assert "write a list" in next(policy_faults({"$or": [{"b": "1"}, {"c": ["1"]}]}, "attributes"))


def test_a_policy_has_a_size() -> None:
    """256 KB of JSON."""
    assert list(policy_faults({"a": ["x" * 262_144]}, "attributes")) == ["is larger than 262,144 bytes as JSON"]
