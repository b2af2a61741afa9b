from __future__ import annotations

import pytest

from worker.model.errors import RefusedError
from worker.vendors.lib.credentials import Credentials, needs_secret
from worker.vendors.lib.request import Request


def test_header_takes_the_secret() -> None:
    """`{secret}` is the whole secret, without the line break that an editor put behind it."""
    request = Request("POST", "https://h/", secret_headers={"Authorization": "Bearer {secret}"})
    assert Credentials("acme", "s3cret\n").headers(request) == {"Authorization": "Bearer s3cret"}


def test_header_takes_a_field_of_the_secret() -> None:
    """`{secret.field}` is one field of a secret that is a JSON object."""
    request = Request("POST", "https://h/", secret_headers={"X-Id": "{secret.id}/{secret.key-2}"})
    assert Credentials("acme", '{"id": "a", "key-2": "b"}').headers(request) == {"X-Id": "a/b"}


def test_basic_auth_takes_user_and_password() -> None:
    """`auth` becomes HTTP Basic (the example of RFC 7617)."""
    request = Request("POST", "https://h/", auth=("Aladdin", "{secret}"))
    filled = Credentials("acme", "open sesame").headers(request)
    assert filled == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


def test_url_takes_the_secret_escaped() -> None:
    """Within a URL the secret is escaped, so that it cannot end the path or the query."""
    request = Request("POST", "https://h/a/{secret}?k={secret}")
    assert Credentials("acme", "x/y&z#").url(request) == "https://h/a/x%2Fy%26z%23?k=x%2Fy%26z%23"


def test_url_may_be_the_secret() -> None:
    """A webhook whose URL is the secret is that URL, unchanged."""
    assert Credentials("acme", "https://h/T0/B1?x=1").url(Request("POST", "{secret}")) == "https://h/T0/B1?x=1"


def test_secret_is_not_filled_in_elsewhere() -> None:
    """A payload that says `{secret}` is not given it: plain headers and bodies are sent as they are."""
    request = Request("POST", "https://h/", {"X-Name": "{secret}"}, json="{secret}")
    assert not needs_secret(request)
    assert Credentials("acme", "s3cret").headers(request) == {}


@pytest.mark.parametrize(
    "text", ["", " \n", "a\r\nX: y", "plain", '["list"]', '{"other": "x"}', '{"field": 7}', '{"field": ""}']
)
def test_secret_that_does_not_fit_is_refused_without_being_shown(text: str) -> None:
    """An empty, broken or unreadable secret is an operator's to mend; the error names the vendor and not the secret."""
    template = "{secret}" if not text.strip() or "\r" in text else "{secret.field}"
    with pytest.raises(RefusedError, match=r"vendors\.acme") as raised:
        Credentials("acme", text).headers(Request("POST", "https://h/", secret_headers={"X": template}))
    assert len(text.strip()) < 4 or text not in str(raised.value)
    assert raised.value.__cause__ is None


def test_credentials_are_not_shown() -> None:
    """Their representation is free of the secret."""
    assert "s3cret" not in repr(Credentials("acme", "s3cret"))
