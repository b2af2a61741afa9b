from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from worker.model.errors import BadMessageError
from worker.model.message import Job, JobKey
from worker.vendors.lib.address import parse_address

NASTY = st.text() | st.text(alphabet="./\\?#%@:&=;{}2eEfF \r\n")


def rendered(url: str, **payload: object) -> str:
    return parse_address(url).render(Job(JobKey("k"), payload))


@given(NASTY, NASTY, NASTY)
@example("..", ".", "/")
@example("%2e%2e", "", "")
@example(".", ".", "")
@example("{secret}", "@evil.example", "\r\nHost: evil.example")
def test_payload_never_changes_where_it_goes(a: str, b: str, c: str) -> None:
    """Whatever a payload says: scheme, host, number of path segments, other segments and other parameters stay.

    Looked at in what aiohttp makes of it, which resolves dots.
    """
    try:
        url = URL(rendered("https://api.example.com/v1/{a}/x{b}{a}/events?q={c}&z=1", a=a, b=b, c=c))
    except BadMessageError:
        return
    assert (url.scheme, url.host, url.port, url.user) == ("https", "api.example.com", 443, None)
    assert [segment for place, segment in enumerate(url.raw_parts) if place not in {2, 3}] == ["/", "v1", "events"]
    assert url.parts[2] == a or "/" in a
    assert url.fragment == ""
    assert dict(url.query) == {"q": c, "z": "1"}


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_segment_that_vanishes_or_goes_up_is_refused(value: str) -> None:
    """Dots cannot be escaped and an empty segment is another path, so such a message is buried."""
    with pytest.raises(BadMessageError, match=r"payload\.id") as raised:
        rendered("https://h/v1/{id}", id=value)
    assert raised.value.code == "field_unsafe"


def test_segment_made_up_of_harmless_parts_is_refused() -> None:
    """Two dots from two fields, or one of them escaped in the template, are two dots."""
    for url in ("https://h/v1/{id}{id}/x", "https://h/v1/%2E{id}/x"):
        with pytest.raises(BadMessageError):
            rendered(url, id=".")


def test_template_keeps_its_own_shape() -> None:
    """What the operator wrote is sent as written, with a slash at the end or without any path."""
    assert rendered("https://h/v1/") == "https://h/v1/"
    assert rendered("https://h:8443?a={x}", x="") == "https://h:8443?a="
    assert rendered("http://[::1]:80/{x}", x=1) == "http://[::1]:80/1"


def test_secret_waits_in_the_url() -> None:
    """A URL may hold the secret, or be it."""
    assert rendered("https://h/{secret.a}/{x}", x="{secret}") == "https://h/{secret.a}/%7Bsecret%7D"
    assert rendered("{secret}") == "{secret}"
    assert parse_address("{secret.url}").has_secret


@pytest.mark.parametrize(
    "url",
    ["", "/v1", "h/v1", "ftp://h/", "https://", "https:///v1", "https://{shop}.example.com/", "https://h{x}", "{x}",
     "https://h:{port}/", "https://user@h/", "https://h:port/", "https://h /", "https://h/#top", "{secret}/more", 7],
)  # fmt: skip
def test_url_that_does_not_say_where_is_refused(url: object) -> None:
    """Scheme and host are the operator's, whole and literal."""
    with pytest.raises(ValueError, match=r"host|field|fragment|text|[Pp]ort"):
        parse_address(url)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://h/", True),
        ("http://h/", False),
        ("http://localhost:1/", True),
        ("http://127.8.8.8/", True),
        ("http://[::1]/", True),
        ("http://10.0.0.1/", False),
        ("http://localhost.example.com/", False),
        ("{secret}", True),
    ],
)
def test_only_tls_and_this_machine_are_private(url: str, private: bool) -> None:
    """Plain http to another machine can be read on the way."""
    assert parse_address(url).is_private is private
