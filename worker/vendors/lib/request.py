"""A vendor request as a value: made without the secret, so it can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import JSONEncoder
from urllib.parse import urlencode

ABSENT = object()  # None is JSON's null
_JSON = JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, with at most one of `json`, `form` and `body`.

    `{secret}`, or `{secret.field}` for a secret that is JSON, is filled in when the request is sent: in `url`
    (percent-escaped, or as it is where it is the whole URL), in `secret_headers` and in `auth`, which is user and
    password of HTTP Basic. `headers` are sent as they are, so what comes from a payload goes there: a payload that
    says `{secret}` is not given it. In `url` payload fields stand percent-escaped (`quote(value, safe="")`).
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    json: object = field(default=ABSENT, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = field(default=None, repr=False)
    auth: tuple[str, str] | None = None
    secret_name: str | None = None  # which one, where the entry's `secret` names payload fields: `job.secret`

    @property
    def content(self) -> tuple[bytes | None, str | None]:
        """The bytes to send and their media type."""
        if self.body is not None:
            return self.body, None
        if self.form is not None:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        if self.json is not ABSENT:
            return _JSON.encode(self.json).encode(), "application/json"
        return None, None
