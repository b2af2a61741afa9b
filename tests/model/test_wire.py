"""Sluice's own facts travel with a message and leave the message as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.message import Attribute, text_attribute
from worker.model.wire import Original, fold, size_of, unfold

ATTRIBUTES = st.dictionaries(
    st.text(),
    st.builds(Attribute, st.just("Binary"), st.binary())
    | st.builds(Attribute, st.sampled_from(["String", "Number", "String.Array"]), st.text()),
)


@given(body=st.text(), attributes=ATTRIBUTES)
def test_what_is_folded_is_unfolded(body: str, attributes: dict[str, Attribute]) -> None:
    """Body and attributes, text and binary, come out of the one JSON body as they went in."""
    original = Original(body, attributes)
    assert unfold(json.loads(fold(original))) == original


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"sluice-original": "text"},
        {"sluice-original": {"body": "b"}},
        {"sluice-original": {"body": 1, "attributes": {}}},
        {"sluice-original": {"body": "b", "attributes": {}, "more": 1}},
        {"sluice-original": {"body": "b", "attributes": {}}, "more": 1},
        {"sluice-original": {"body": "b", "attributes": {"a": "text"}}},
        {"sluice-original": {"body": "b", "attributes": {"a": {"type": "String"}}}},
        {"sluice-original": {"body": "b", "attributes": {"a": {"type": "Binary", "hex": "zz"}}}},
    ],
)
def test_what_fold_never_made_stays_a_payload(value: object) -> None:
    """Anybody may publish a body that looks like it: it is left alone, and nothing is raised."""
    assert unfold(value) is None


def test_the_size_is_what_sqs_counts() -> None:
    """UTF-8 bytes of the body, and of each attribute's name, type and value."""
    assert size_of("é", {}) == 2
    assert size_of("", {"ab": text_attribute("é")}) == len("ab") + len("String") + 2
    assert size_of("", {"ab": Attribute("Binary", b"\xff")}) == len("ab") + len("Binary") + 1


def test_an_attribute_has_a_text_whatever_its_type() -> None:
    """Binary is read as UTF-8, and what is none is replaced."""
    assert text_attribute("é").text == "é"
    assert Attribute("Binary", "é".encode()).text == "é"
    assert Attribute("Binary", b"\xff").text == "\ufffd"
