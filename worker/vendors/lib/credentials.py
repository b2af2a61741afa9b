"""A vendor's secret, filled in where a request says `{secret}` or `{secret.field}`."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from worker.model.errors import RefusedError
from worker.vendors.lib.request import Request

_PLACE = re.compile(r"\{secret(?:\.([\w-]+))?\}")
_BREAK = re.compile(r"[\x00-\x1f\x7f]")


def needs_secret(request: Request) -> bool:
    """Whether something is to be filled in."""
    return bool(request.secret_headers) or request.auth is not None or "{secret" in request.url


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secret of a vendor entry; raises RefusedError, without the secret in its text, where it does not fit."""

    vendor: str
    text: str

    def __repr__(self) -> str:
        return f"Credentials({self.vendor!r})"

    def url(self, request: Request) -> str:
        """The URL with the secret in it."""
        if _PLACE.fullmatch(request.url):
            return self._filled(request.url)
        return _PLACE.sub(lambda place: quote(self._value(place[1]), safe=""), request.url)

    def headers(self, request: Request) -> Mapping[str, str]:
        """The headers that carry the secret."""
        filled = {name: self._filled(value) for name, value in request.secret_headers.items()}
        if request.auth is not None:
            pair = ":".join(self._filled(part) for part in request.auth)
            filled["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        return filled

    def _filled(self, template: str) -> str:
        return _PLACE.sub(lambda place: self._value(place[1]), template)

    def _value(self, field: str | None) -> str:
        value = self.text if field is None else self._field(field)
        value = value.strip()  # a line break at the end is what an editor adds
        if not value or _BREAK.search(value):
            raise RefusedError(f"the secret of vendors.{self.vendor} is empty or holds a line break")
        return value

    def _field(self, field: str) -> str:
        try:
            fields = json.loads(self.text)
        except ValueError:
            raise RefusedError(f"the secret of vendors.{self.vendor} is not JSON, so it has no {field!r}") from None
        value = fields.get(field) if isinstance(fields, dict) else None
        if not isinstance(value, str):
            raise RefusedError(f"the secret of vendors.{self.vendor} has no text field {field!r}")
        return value
