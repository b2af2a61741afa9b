from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.model.errors import BadMessageError, ConfigurationError
from worker.model.message import Job, JobKey
from worker.model.outcome import Ambiguous, Blocked, Delivered, Outcome, Rejected, RetryAfter, Throttled
from worker.ports import VendorContext
from worker.vendors.http import Http
from worker.vendors.lib.http_options import HttpOptions
from worker.vendors.lib.rest import Reply, Request

Make = Callable[..., VendorContext]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def http(context: Make) -> Callable[..., Http]:
    """Build the adapter from options as the topology has them."""

    def build(*, secret: str | None = None, **options: Any) -> Http:
        return Http(HttpOptions.model_validate({"url": "https://h/v1", **options}), context(secret=secret))

    return build


def job(payload: Any = None, key: str = "k-1") -> Job[Any]:
    return Job(JobKey(key), payload, attempt=2)


def content(request: Request) -> object:
    body, _ = request.content
    return None if body is None else json.loads(body)


async def test_message_reaches_the_vendor(context: Make) -> None:
    """A whole topology entry: fields in path, query and headers, the secret, the idempotency key, the payload."""
    options = {
        "url": "https://api.example.com/v1/{customer.id}/events?kind={kind}",
        "headers": {"Authorization": "Bearer {secret.token}", "X-Attempt": "{job.attempt}"},
        "idempotency_header": "Idempotency-Key",
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        names = ("Authorization", "X-Attempt", "Idempotency-Key", "Content-Type")
        seen = [request.method, request.raw_path, *(request.headers[name] for name in names), await request.json()]
        return web.json_response(seen)

    payload = {"customer": {"id": "a/b"}, "kind": "x&y"}
    async with RawTestServer(answer) as server:
        made = context(str(server.make_url("/")), secret='{"token": "s3cret"}')
        async with Http(HttpOptions.model_validate(options), made) as vendor:
            request = vendor.prepare([job(payload)])
            reply = await vendor.send(request)
    assert reply.json == [
        "POST", "/v1/a%2Fb/events?kind=x%26y", "Bearer s3cret", "2", "k-1", "application/json", payload,
    ]  # fmt: skip
    assert vendor.classify(reply, [job()]) == [Delivered()]
    assert "s3cret" not in repr(request)


@given(JSON)
def test_any_json_is_sent_as_it_is(payload: object) -> None:
    """The payload may be any JSON, null included."""
    vendor = Http(HttpOptions.model_validate({"url": "https://h/"}), VendorContext(*_CONTEXT))
    assert content(vendor.prepare([job(payload)])) == payload


@given(st.text() | st.text(alphabet="a \r\n\t\x00\x7f:"))
def test_header_holds_one_line(value: str) -> None:
    """Whatever a payload says, it cannot add a header: a line break or control character buries the message."""
    options = HttpOptions.model_validate({"url": "https://h/", "headers": {"X-To": "{to}"}})
    vendor = Http(options, VendorContext(*_CONTEXT))
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        with pytest.raises(BadMessageError, match="header X-To"):
            vendor.prepare([job({"to": value})])
    else:
        assert vendor.prepare([job({"to": value})]).headers == {"X-To": value}


def test_body_is_made_of_fields(http: Callable[..., Http]) -> None:
    """`fields` lays out another body; a lone place keeps its type."""
    fields = {"text": "New: {name}", "count": "{n}", "fixed": "yes"}
    assert content(http(fields=fields).request(job({"name": "Ada", "n": 3, "more": 1}))) == {
        "text": "New: Ada",
        "count": 3,
        "fixed": "yes",
    }


def test_form_takes_an_object_of_texts_and_numbers(http: Callable[..., Http]) -> None:
    """A form is flat: what is not, cannot be sent as one."""
    vendor = http(body="form")
    assert vendor.request(job({"To": "+1", "n": 2, "yes": True})).form == {"To": "+1", "n": "2", "yes": "true"}
    assert http(body="form", fields={"a": "{x}-{x}"}).request(job({"x": 1})).form == {"a": "1-1"}
    for payload in ("text", None, {"a": []}, {"a": None}):
        with pytest.raises(BadMessageError, match="payload"):
            vendor.request(job(payload))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_some_methods_send_no_body(http: Callable[..., Http], method: str) -> None:
    """GET and DELETE send none, unless the topology says so."""
    assert content(http(method=method).request(job({"a": 1}))) is None
    assert content(http(method=method, body="json").request(job({"a": 1}))) == {"a": 1}


def test_missing_field_is_a_bad_message(http: Callable[..., Http]) -> None:
    """The error names the field and has a code for the burial."""
    with pytest.raises(BadMessageError) as raised:
        http(url="https://h/{customer.id}").request(job({"customer": {}}))
    assert (raised.value.reason, raised.value.code) == ("payload.customer.id missing", "field_missing")


def test_key_is_the_scope_of_a_message(http: Callable[..., Http]) -> None:
    """`key` says what `rate_per_key` counts; a message without it is buried, not let past its limit."""
    vendor = http(key="{shop}/{to}")
    assert vendor.traits.scope({"shop": "a", "to": 7}) == "a/7"
    assert vendor.traits.scope({"shop": "a"}) is None
    with pytest.raises(BadMessageError, match=r"payload\.to missing"):
        vendor.request(job({"shop": "a"}))
    assert http().traits.scope({"shop": "a"}) is None


@pytest.mark.parametrize(
    ("options", "idempotent"), [({}, False), ({"idempotent": True}, True), ({"idempotency_header": "X-Key"}, True)]
)
def test_idempotency_is_known_to_the_core(
    http: Callable[..., Http], options: Mapping[str, object], idempotent: bool
) -> None:
    """A vendor that takes the job's key may be sent a message twice, and a gateway's error is then no risk."""
    vendor = http(**options)
    assert vendor.traits.idempotent is idempotent
    assert isinstance(vendor.outcome(Reply(502)), RetryAfter if idempotent else Ambiguous)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Delivered()),
        (409, Delivered()),
        (202, Rejected("HTTP 202", "http_202")),
        (503, Rejected("HTTP 503", "http_503")),
        (404, RetryAfter(None, "HTTP 404")),
        (420, Throttled(None)),
        (402, Blocked("HTTP 402")),
        (429, Throttled(None)),
        (400, Rejected("HTTP 400", "http_400")),
    ],
)
def test_topology_says_what_statuses_mean(http: Callable[..., Http], status: int, outcome: Outcome) -> None:
    """The lists of the topology go before what a status commonly means."""
    vendor = http(success=[200, 409], permanent=[503], retry=[404], throttle=[420], blocked=[402])
    assert vendor.outcome(Reply(status)) == outcome


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": "https://{host}/"}, "url"),
        ({"url": "https://h/{"}, "lone { at character 11"),
        ({"url": "http://example.com/"}, "allow_http"),
        ({"headers": {"X Y": "a"}}, "headers.X Y"),
        ({"headers": {"X": "{secret} {to}"}}, "headers.X holds the secret and other fields"),
        ({"fields": {"a": "{secret}"}}, "a holds the secret"),
        ({"key": "{secret}"}, "key holds the secret"),
        ({"key": "{job.key}"}, "key consists of payload fields"),
        ({"body": "none", "fields": {}}, "fields make a body"),
        ({"permanent": [400], "retry": [400]}, "400 stands in permanent and in retry"),
        ({"permanent": [40]}, "permanent"),
        ({"body": "xml"}, "body"),
        ({"method": "post"}, "method"),
        ({"metod": "POST"}, "metod"),
    ],
)
def test_wrong_options_are_told_when_it_is_built(options: Mapping[str, object], told: str) -> None:
    """Nothing of it waits for the first message."""
    with pytest.raises(ValidationError, match="HttpOptions") as raised:
        HttpOptions.model_validate({"url": "https://h/", **options})
    shown = [".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in raised.value.errors()]
    assert any(told in line for line in shown), shown


@pytest.mark.parametrize("options", [{"url": "{secret}"}, {"headers": {"Authorization": "Bearer {secret}"}}])
def test_secret_that_the_entry_does_not_name_is_told(http: Callable[..., Http], options: Mapping[str, object]) -> None:
    """Options that say {secret} need the entry's `secret`, and `sluice check` says so offline."""
    with pytest.raises(ConfigurationError, match=r"vendors\.acme\.secret is missing"):
        http(**options)
    assert http(secret="s", **options)


def test_plain_http_can_be_allowed() -> None:
    """To this machine always, to another one by saying so."""
    assert HttpOptions.model_validate({"url": "http://127.0.0.1:80/"})
    assert HttpOptions.model_validate({"url": "http://internal/", "allow_http": True})


_CONTEXT: Any = ("acme", None, 1)
