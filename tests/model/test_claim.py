"""Pointers of claim checks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model import claim

DETAILS = {"s3BucketName": "b", "s3Key": "k"}


@given(bucket=st.text(), key=st.text())
def test_what_is_encoded_is_decoded(bucket: str, key: str) -> None:
    """A pointer keeps its bucket and key, whatever they are."""
    assert claim.decode(json.loads(claim.encode(bucket, key))) == (bucket, key)


@pytest.mark.parametrize(
    "kind",
    [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        "com.amazon.payloadoffloading.PayloadS3Pointer",
        "com.amazon.sqs.javamessaging.MessageS3Pointer",
    ],
)
def test_every_client_s_pointer_is_read(kind: str) -> None:
    """The class names of AWS's Java and Python clients, old and new, are known."""
    assert claim.decode([kind, DETAILS]) == ("b", "k")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        {},
        [],
        DETAILS,
        ["my.own.Class", DETAILS],
        [claim.POINTER],
        [claim.POINTER, {"s3BucketName": "b"}],
        [claim.POINTER, {"s3BucketName": "b", "s3Key": 1}],
        [claim.POINTER, DETAILS, 3],
    ],
)
def test_what_is_no_pointer_is_left_alone(value: object) -> None:
    """A payload that merely looks like a pointer stays a payload."""
    assert claim.decode(value) is None
