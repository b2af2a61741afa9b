"""Envelopes are known by their shape, and what is inside comes out as it was put in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from worker.model.errors import BadMessageError
from worker.model.message import Attribute
from worker.pipeline.envelope import Opened, open_envelope

SNS = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:0:t", "Message": '{"a": 1}', "MessageId": "m"}
EVENT = {"version": "0", "detail-type": "signup", "source": "shop", "id": "e-1", "detail": {"a": 1}}
CLOUD = {"specversion": "1.0", "id": "c-1", "source": "/shop", "type": "signup"}


def s3_event(key: str, **more: object) -> dict[str, Any]:
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "inbox"}, "object": {"key": key, **more}},
    }
    return {"Records": [record]}


def test_an_sns_envelope_holds_a_text_and_its_attributes() -> None:
    """Text, lists, numbers and bytes, each with its type; bytes are base64 in the envelope."""
    told = {
        "target": {"Type": "String", "Value": "FOO"},
        "tags": {"Type": "String.Array", "Value": '["a", "b"]'},
        "size": {"Type": "Number", "Value": "7"},
        "raw": {"Type": "Binary", "Value": base64.b64encode(b"\x00\xff").decode()},
    }
    assert open_envelope(SNS | {"MessageAttributes": told}) == Opened(
        '{"a": 1}',
        is_text=True,
        attributes={
            "target": Attribute("String", "FOO"),
            "tags": Attribute("String.Array", '["a", "b"]'),
            "size": Attribute("Number", "7"),
            "raw": Attribute("Binary", b"\x00\xff"),
        },
    )


@pytest.mark.parametrize("told", [None, [], {"a": "no type"}, {"a": {"Type": "String"}}])
def test_what_is_no_sns_attribute_is_left_out(told: object) -> None:
    """The message counts."""
    assert open_envelope(SNS | {"MessageAttributes": told}) == Opened('{"a": 1}', is_text=True, attributes={})


def test_eventbridge_holds_a_detail() -> None:
    """Any JSON value."""
    assert open_envelope(EVENT) == Opened({"a": 1})
    assert open_envelope(EVENT | {"detail": None}) == Opened(None)


@pytest.mark.parametrize(
    ("more", "opened"),
    [
        ({"data": {"a": 1}}, Opened({"a": 1})),
        ({"data": "text", "datacontenttype": "text/plain"}, Opened("text")),
        ({"data_base64": base64.b64encode(b'{"a": "\xc5\xbe"}').decode()}, Opened('{"a": "ž"}', is_text=True)),
        ({}, Opened(None)),
    ],
)
def test_a_structured_cloudevent_holds_its_data(more: dict[str, Any], opened: Opened) -> None:
    """As a JSON value, or as base64 of a text that is JSON."""
    assert open_envelope(CLOUD | more) == opened


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("a/b.txt", "a/b.txt"),
        ("my+file+%281%29.txt", "my file (1).txt"),
        ("100%25+plus%2Bplus", "100% plus+plus"),
        ("%C5%BElu%C5%A5", "žluť"),
    ],
)
def test_an_s3_events_key_is_read(written: str, key: str) -> None:
    """S3 writes keys URL-encoded: plus is a space, everything else by its bytes."""
    facts = {"event": "ObjectCreated:Put", "bucket": "inbox", "key": key}
    assert open_envelope(s3_event(written)) == Opened(facts)


def test_an_s3_events_facts_are_told() -> None:
    """Size, ETag, version and sequencer, where they are there."""
    opened = open_envelope(s3_event("k", size=7, eTag="e", versionId="v", sequencer="s", other=1))
    assert opened is not None
    assert opened.content == {
        "event": "ObjectCreated:Put",
        "bucket": "inbox",
        "key": "k",
        "size": 7,
        "etag": "e",
        "version": "v",
        "sequencer": "s",
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "text",
        [],
        {},
        {"Type": "Notification", "Message": "no topic"},
        {"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "m"},
        SNS | {"Message": {"not": "a text"}},
        {"detail-type": "t", "source": "s", "detail": {}},
        {"specversion": "1.0", "id": "c", "source": "s"},
        {"Records": []},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    ],
)
def test_what_is_no_envelope_is_a_payload(value: object) -> None:
    """A payload may have fields of the same names."""
    assert open_envelope(value) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (SNS | {"MessageAttributes": {"a": {"Type": "Binary", "Value": "CANARY!"}}}, "not base64"),
        (SNS | {"MessageAttributes": {"a": {"Type": "Binary", "Value": "CANARÝ"}}}, "not base64"),
        (CLOUD | {"data_base64": "CANARY!"}, "not base64"),
        (CLOUD | {"data_base64": base64.b64encode(b"CANARY\xff").decode()}, "not UTF-8"),
        ({"Records": s3_event("CANARY")["Records"] * 2}, "more than one record"),
        ({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": "CANARY"}}]}, "without bucket and key"),
    ],
)
def test_a_broken_envelope_is_told_without_what_it_holds(value: object, reason: str) -> None:
    """Its kind and what is wrong with it."""
    with pytest.raises(BadMessageError, match=reason) as raised:
        open_envelope(value)
    assert raised.value.code == "envelope"
    assert "CANAR" not in json.dumps(raised.value.reason)
