from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.vendors.lib.reply import Reply
from worker.vendors.lib.status import outcome_of


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"cut": ', b"\xff\xfe", b"[" * 100_000])
def test_body_that_is_no_json_is_none(body: bytes) -> None:
    """What a proxy or a broken vendor writes does not raise."""
    assert Reply(200, body=body).json is None


@given(st.binary())
def test_body_never_raises(body: bytes) -> None:
    """Any bytes have a text, and JSON or None."""
    reply = Reply(200, body=body)
    assert isinstance(reply.text, str)
    _ = reply.json


def test_body_that_was_too_long_is_no_json() -> None:
    """The first megabyte of a longer body is not taken for the whole."""
    assert Reply(200, body=b"1", truncated=True).json is None
    assert Reply(200, body=b"1").json == 1


def test_reply_and_its_outcome_show_no_body() -> None:
    """A reply can be logged: neither it nor a reason holds what the vendor wrote."""
    reply = Reply(400, {"x-account": "private"}, b"private")
    assert "private" not in repr(reply) + repr(outcome_of(reply, idempotent=False))
