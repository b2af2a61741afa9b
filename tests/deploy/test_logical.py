from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.ecs.logical import logical

NAMES = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "logical_id"), [("foo", "QueueFoo"), ("foo-primary", "QueueFooPrimary"), ("waba-7", "QueueWabaZ7")]
)
def test_a_name_is_read_easily(name: str, logical_id: str) -> None:
    """Words begin with a capital."""
    assert logical("Queue", name) == logical_id


@given(NAMES, NAMES)
def test_no_two_names_are_called_the_same(one: str, other: str) -> None:
    """Or a vendor's queue would take another's place."""
    assert (logical("Queue", one) == logical("Queue", other)) == (one == other)


@pytest.mark.parametrize(("one", "other"), [("a-1", "a1"), ("a-z1", "a-1"), ("1", "z1"), ("ab", "a-b")])
def test_names_that_look_alike_are_told_apart(one: str, other: str) -> None:
    """Dashes count."""
    assert logical("Queue", one) != logical("Queue", other)


@given(NAMES)
def test_cloudformation_takes_it(name: str) -> None:
    """Letters and digits."""
    assert re.fullmatch("[A-Za-z0-9]+", logical("Queue", name))
