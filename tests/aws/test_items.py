"""Items keep their values and keys their difference, whatever DynamoDB's limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.aws.items import Item, ItemKey, Value, decoded_item, encoded_item, expiry

LETTERS = st.text(st.sampled_from("aü€😀#=-"), max_size=600)
LONG = st.builds(lambda text, times: text * times, LETTERS, st.sampled_from([1, 1, 5]))
VALUES = (
    st.text()
    | st.integers(-(10**30), 10**30)
    | st.floats(-1e20, 1e20).filter(lambda number: not 0 < abs(number) < 1e-100)
)


@given(st.dictionaries(st.sampled_from("abc"), VALUES))
def test_values_come_back(values: dict[str, Value]) -> None:
    """Texts, whole numbers and others, without what frames them."""
    item = Item(ItemKey.of("KIND", "foo", "k", sort="s"), 7, values)
    assert decoded_item(encoded_item(item)) == item


@given(LONG, st.none() | LONG)
def test_no_key_is_longer_than_dynamodb_takes(name: str, sort: str | None) -> None:
    """2,048 bytes and 1,024, neither empty."""
    key = ItemKey.of("KIND", "foo", name, sort=sort)
    assert 1 <= len(key.pk.encode()) <= 2_048
    assert 1 <= len(key.sk.encode()) <= 1_024


@given(*[st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["foo", "foo-b"]), LONG, st.none() | LONG)] * 2)
def test_no_two_share_a_key(one: tuple[str, str, str, str | None], two: tuple[str, str, str, str | None]) -> None:
    """Of kind, vendor, name and sort each makes another one."""
    keys = [ItemKey.of(kind, vendor, name, sort=sort) for kind, vendor, name, sort in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)


def test_a_short_key_can_be_read() -> None:
    """By an operator in the console."""
    assert ItemKey.of("LEDGER", "foo", "order-7", sort="page 2") == ItemKey("LEDGER#foo#order-7", "=page 2")
    assert ItemKey.of("ATTEMPTS", "foo", "order-7") == ItemKey("ATTEMPTS#foo#order-7", "-")


def test_a_lone_surrogate_makes_a_key() -> None:
    """It is no UTF-8, and must not hold up the batch that it is in."""
    key = ItemKey.of("KIND", "foo", "\ud800", sort="\ud800")
    assert key.pk.startswith("KIND-SHA256#foo#")
    assert key.sk.startswith("sha256=")


@pytest.mark.parametrize(("after", "left"), [(0.0, True), (0.999, True), (1.0, False)])
def test_expiry_is_rounded_up_and_the_second_itself_is_over(after: float, left: bool) -> None:
    """What lasts 0.1 s lasts until the next whole second."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    item = Item(ItemKey("pk"), expiry(now, timedelta(seconds=0.1)))
    assert item.live(now + timedelta(seconds=after)) is left
