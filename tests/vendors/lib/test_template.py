from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.errors import BadMessageError
from worker.model.message import Job, JobKey
from worker.vendors.lib.template import parse_template

PAYLOAD = {"to": "+1", "customer": {"id": 7, "vip": True}, "job": {"key": "mine"}, "secret": "mine", "list": [1]}


def rendered(text: str, payload: Any = PAYLOAD) -> str:
    return parse_template(text).render(Job(JobKey("k-1"), payload, attempt=3, tenant="t"))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{to}", "+1"),
        ("<{customer.id}>", "<7>"),
        ("{customer.vip}", "true"),
        ("{job.key}/{job.attempt}/{job.tenant}", "k-1/3/t"),
        ("{payload.job.key}", "mine"),
        ("{payload.secret}", "mine"),
        ("{secret} {secret.token}", "{secret} {secret.token}"),
        ("{{to}} {{{to}}}", "{to} {+1}"),
    ],
)
def test_places_are_filled(text: str, result: str) -> None:
    """Fields of the payload and facts of the job stand where their names stood; the secret waits."""
    assert rendered(text) == result


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a{b", "lone { at character 2"),
        ("a}b", "lone } at character 2"),
        ("x{}", "{} at character 2"),
        ("{a b}", "{a b} at character 1"),
        ("{a..b}", "is no field"),
        ("{job.kye}", "write {job.key}"),
        ("{job}", "{payload.job}"),
        (7, "7 is not text"),
    ],
)
def test_bad_template_is_told_by_place(text: object, told: str) -> None:
    """What cannot be read is shown with its place and what to write."""
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_template(text)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("{customer.name}", "field_missing", "payload.customer.name missing"),
        ("{to.deeper}", "field_missing", "payload.to.deeper missing"),
        ("{customer}", "field_type", "payload.customer is neither"),
        ("{list}", "field_type", "payload.list is neither"),
    ],
)
def test_payload_that_does_not_fit_is_named_not_shown(text: str, code: str, told: str) -> None:
    """A message without the field can never be delivered; the error names the field and not the body."""
    with pytest.raises(BadMessageError) as raised:
        rendered(text)
    assert raised.value.code == code
    assert raised.value.reason.startswith(told)


@pytest.mark.parametrize("payload", [None, 7, "text", [], {"to": None}, {"to": "\ud800"}])
def test_any_json_is_refused_properly(payload: object) -> None:
    """A payload that is no object, or holds no text there, is a bad message and not a crash."""
    with pytest.raises(BadMessageError):
        rendered("{to}", payload)


def test_lone_place_keeps_its_value() -> None:
    """Where a template is just one place, a body gets the number or list and not its text."""
    job = Job(JobKey("k"), PAYLOAD)
    assert parse_template("{list}").value(job) == [1]
    assert parse_template("{customer.id}").value(job) == 7
    assert parse_template("#{customer.id}").value(job) == "#7"


@given(st.text())
def test_doubled_braces_are_the_text(text: str) -> None:
    """Any text can be written as a template."""
    assert rendered(text.replace("{", "{{").replace("}", "}}")) == text
