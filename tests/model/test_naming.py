"""Names with payload fields in them: what is valid, what a payload makes of one, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from worker.model.errors import BadMessageError
from worker.model.naming import parse_naming

CANARY = "CANARY"


class Account(BaseModel):
    id: int | str | None = None


class Order(BaseModel):
    shop: Any = "acme"
    account: Account = Account(id=7)


@dataclass
class Plain:
    shop: str = "acme"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("waba-7", "waba-7"),
        ("{shop}", "acme"),
        ("shop/{shop}", "shop/acme"),
        ("{shop}/{account.id}/x", "acme/7/x"),
        ("{shop}{shop}", "acmeacme"),
    ],
)
@pytest.mark.parametrize("key", ["limit_key", "secret"])
def test_fields_stand_where_their_names_stood(key: str, text: str, name: str) -> None:
    """In a model and in a table alike, at any depth; the rest stays as it is."""
    naming = parse_naming(key, text)
    assert naming.of(Order()) == naming.of({"shop": "acme", "account": {"id": 7}}) == name
    assert naming.has_fields is ("{" in text)
    assert str(naming) == text


def test_a_field_may_be_one_of_any_object() -> None:
    """An adapter's payload need not be a model."""
    assert parse_naming("limit_key", "{shop}").of(Plain()) == "acme"


@given(st.text(alphabet="ab{}.-/ _1", max_size=12))
def test_every_text_is_read_in_full_or_refused(text: str) -> None:
    """What is read says again what was written; nothing is left out in silence."""
    try:
        naming = parse_naming("limit_key", text)
    except ValueError:
        assert not text or "{" in text or "}" in text
    else:
        assert str(naming) == text


@pytest.mark.parametrize("text", ["", "{", "}", "shop/{", "{}", "{a b}", "{a..b}", "{1}", "{a.}", "{{shop}}", "a}b"])
def test_a_bad_name_is_told_with_the_valid_form(text: str) -> None:
    """An operator reads what to write instead."""
    with pytest.raises(ValueError, match=r"write such as .*\{shop\}"):
        parse_naming("limit_key", text)


@pytest.mark.parametrize("text", ["my secret", "schön", "a&b/{shop}"])
def test_a_secret_s_name_is_what_aws_takes(text: str) -> None:
    """A name that no secret can have is told before anything runs; a limit may have it."""
    with pytest.raises(ValueError, match="write letters, digits and"):
        parse_naming("secret", text)
    assert str(parse_naming("limit_key", text)) == text


def test_a_secret_s_name_may_be_an_arn() -> None:
    """Of another account, for example."""
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/{shop}"
    assert parse_naming("secret", arn).of({"shop": "a.b-c"}).endswith(":secret:shop/a.b-c")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "field_missing"),
        ({"a": None}, "field_missing"),
        ({"a": CANARY}, "field_missing"),
        ({"a": {"b": None}}, "field_missing"),
        ({"a": {"b": True}}, "field_type"),
        ({"a": {"b": 1.5}}, "field_type"),
        ({"a": {"b": [CANARY]}}, "field_type"),
        ({"a": {"b": ""}}, "field_type"),
        ({"a": {"b": CANARY * 50}}, "field_type"),
    ],
)
@pytest.mark.parametrize("key", ["limit_key", "secret"])
def test_a_payload_that_does_not_fit_is_refused_by_field_and_key(key: str, payload: dict[str, Any], code: str) -> None:
    """The reason says which field and what needs it, and nothing of what stood there."""
    with pytest.raises(BadMessageError) as raised:
        parse_naming(key, "{a.b}").of(payload)
    assert raised.value.code == code
    assert "a.b" in raised.value.reason
    assert key in raised.value.reason
    assert CANARY not in raised.value.reason


@pytest.mark.parametrize("value", ["../other", "a/b", "arn:aws", "a b", "ä", "a\nb"])
def test_a_payload_reaches_no_other_secret_than_its_own(value: str) -> None:
    """What would lead elsewhere, or could be no secret's name, is refused; a limit may be called so."""
    with pytest.raises(BadMessageError) as raised:
        parse_naming("secret", "shop/{shop}").of({"shop": value})
    assert raised.value.code == "field_unsafe"
    assert value not in raised.value.reason
    assert parse_naming("limit_key", "shop/{shop}").of({"shop": value}) == f"shop/{value}"
