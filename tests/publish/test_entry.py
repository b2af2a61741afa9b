"""Which messages may be published, and as what."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.errors import ConfigurationError
from worker.model.message import Attribute
from worker.model.wire import CLAIM, KEY, MAX_SNS_BYTES, size_of
from worker.publish.entry import Entry, prepare
from worker.publish.faults import InvalidEntryError

TAKEN = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner | st.text(), max_size=3),
)


@pytest.mark.parametrize(
    ("body", "sent"),
    [("as it is", "as it is"), ("é".encode(), "é"), ({"a": ["é", None]}, '{"a":["é",null]}'), (0, "0"), (None, "null")],
)
def test_a_body_is_text_utf8_or_compact_json(body: Any, sent: str) -> None:
    """Text goes as it is, bytes as UTF-8, anything else as compact JSON."""
    assert prepare(Entry(body)).outgoing.body == sent


@given(JSON)
def test_every_json_body_arrives_as_it_was(body: Any) -> None:
    """A JSON body holds only characters that SQS takes, and means what was given, whatever text is in it."""
    sent = prepare(Entry(body)).outgoing.body
    assert TAKEN.fullmatch(sent)
    assert json.loads(sent) == body


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "the body is empty"),
        (b"", "the body is empty"),
        ("ab\x00", r"U\+0000 at character 3"),
        ("\ud800", r"U\+D800 at character 1"),
        ("\ufffe", r"U\+FFFE at character 1"),
        (b"ab\xff", "not UTF-8 at byte 2"),
        ({"a": float("nan")}, "no JSON"),
        ({"a": object()}, "no JSON"),
    ],
)
def test_a_body_that_sns_would_not_take_is_refused(body: Any, says: str) -> None:
    """The error says what is wrong and where."""
    with pytest.raises(InvalidEntryError, match=says):
        prepare(Entry(body))


def test_an_invalid_entry_is_a_value_error_and_a_configuration_error() -> None:
    """Libraries catch ValueError, the command line ConfigurationError."""
    assert issubclass(InvalidEntryError, ValueError)
    assert issubclass(InvalidEntryError, ConfigurationError)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("x", Attribute("String", "x")),
        (3, Attribute("Number", "3")),
        (2.5, Attribute("Number", "2.5")),
        (b"\x00", Attribute("Binary", b"\x00")),
        (["a", "b"], Attribute("String.Array", '["a", "b"]')),
        (Attribute("Number.int", "7"), Attribute("Number.int", "7")),
    ],
)
def test_an_attribute_has_the_type_of_its_value(value: Any, attribute: Attribute) -> None:
    """Text, numbers, bytes and lists become String, Number, Binary and String.Array."""
    assert prepare(Entry("b", {"n": value})).outgoing.attributes["n"] == attribute


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({KEY: "x"}, "Sluice's own"),
        ({CLAIM: 3}, "Sluice's own"),
        ({"SQSLargePayloadSize": 3}, "Sluice's own"),
        ({"Sluice-new": "x"}, "Sluice's own"),
        ({"AWS.trace": "x"}, "reserved by AWS"),
        ({"amazon.x": "x"}, "reserved by AWS"),
        ({"a b": "x"}, "no attribute name"),
        ({".a": "x"}, "no attribute name"),
        ({"a.": "x"}, "no attribute name"),
        ({"a..b": "x"}, "no attribute name"),
        ({"": "x"}, "no attribute name"),
        ({"a" * 257: "x"}, "no attribute name"),
        ({"n": ""}, "'n' is empty"),
        ({"n": b""}, "'n' is empty"),
        ({"n": "\x01"}, r"'n' holds U\+0001 at character 1"),
        ({"n": True}, 'write "true"'),
        ({"n": None}, "NoneType is not taken"),
        ({"n": {"a": 1}}, "dict is not taken"),
        ({"n": [{"a": 1}]}, "a list holds"),
        ({"n": float("inf")}, "finite"),
        ({"n": 10**38}, "38 digits"),
    ],
)
def test_a_wrong_attribute_is_refused_by_name(attributes: Mapping[str, Any], says: str) -> None:
    """The error names the attribute and the rule."""
    with pytest.raises(InvalidEntryError, match=says):
        prepare(Entry("b", attributes))


def test_eight_attributes_are_taken_and_nine_refused() -> None:
    """Two of SQS's ten are Sluice's own: raw delivery would drop a message with more, silently."""
    assert len(prepare(Entry("b", {f"a{n}": n for n in range(8)})).outgoing.attributes) == 9
    with pytest.raises(InvalidEntryError, match="9 attributes: Sluice takes 8"):
        prepare(Entry("b", {f"a{n}": n for n in range(9)}))


def test_attributes_that_fill_a_message_are_refused() -> None:
    """A claim check cannot help where the attributes alone are too large."""
    with pytest.raises(InvalidEntryError, match="put it in the body"):
        prepare(Entry("b", {"a": "x" * MAX_SNS_BYTES}))


def test_the_size_is_what_sns_counts() -> None:
    """Exactly 256 KiB with attributes still goes to SNS, one byte more does not."""
    attributes = prepare(Entry("b", {"n": "é"}, key="k")).outgoing.attributes
    room = MAX_SNS_BYTES - size_of("", attributes)
    assert not prepare(Entry("x" * room, {"n": "é"}, key="k")).needs_claim
    assert prepare(Entry("x" * (room + 1), {"n": "é"}, key="k")).needs_claim


def test_a_key_is_the_caller_s_or_random() -> None:
    """Without a key each call gets another."""
    assert prepare(Entry("b", key="mine")).outgoing.attributes[KEY].value == "mine"
    assert prepare(Entry("b")).key != prepare(Entry("b")).key
    assert re.fullmatch("[0-9a-f]{32}", prepare(Entry("b")).key)


@pytest.mark.parametrize("key", ["", " a", "a\nb", "x" * 257, "\x7f"])
def test_a_key_that_cannot_travel_is_refused(key: str) -> None:
    """A key stands in attributes, headers and logs: it is short and printable."""
    with pytest.raises(InvalidEntryError, match="no key"):
        prepare(Entry("b", key=key))


@pytest.mark.parametrize("tenant", ["", "a b", "é", "x" * 129])
def test_a_tenant_that_sns_would_not_take_is_refused(tenant: str) -> None:
    """A tenant is a MessageGroupId: 1 to 128 letters, digits and punctuation."""
    with pytest.raises(InvalidEntryError, match="no tenant"):
        prepare(Entry("b", tenant=tenant))
