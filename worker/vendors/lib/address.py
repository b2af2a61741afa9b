"""A URL with places for what a job says, whose host and path no payload can change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from worker.model.errors import BadMessageError
from worker.model.message import Job
from worker.vendors.lib.template import Template, parse_template

_UNSAFE = frozenset({"", ".", ".."})

escaped: Callable[[str], str] = partial(quote, safe="")


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme and host, then path segments, then the query (with its `?`)."""

    origin: str
    segments: tuple[Template, ...]
    query: Template

    @property
    def is_private(self) -> bool:
        """Whether what is sent there cannot be read on the way: https, or this machine."""
        host = urlsplit(self.origin).hostname or ""
        return not self.origin.startswith("http://") or host == "localhost" or _is_loopback(host)

    @property
    def has_secret(self) -> bool:
        """Whether the secret stands in it."""
        return any(template.has_secret for template in (*self.segments, self.query))

    def render(self, job: Job[Any]) -> str:
        """Fill in all places, percent-escaped. Raises BadMessageError where a segment would vanish or go up."""
        path = "/".join([_segment(template, job) for template in self.segments])
        return f"{self.origin}{path}{self.query.render(job, escaped)}"


def parse_address(text: object) -> Address:
    """Read a URL template; raises ValueError. `{secret}` alone stands for a URL that is itself the secret."""
    template = parse_template(text)
    if template.has_secret and len(template.parts) == 1:
        return Address("", (template,), Template(()))
    whole = str(text)
    if "#" in whole:
        raise ValueError("a fragment (#) is not sent")
    start = whole.find("://") + 3
    end = min([place for place in (whole.find(mark, start) for mark in "/?") if place > 0], default=len(whole))
    path, question, query = whole[end:].partition("?")
    return Address(
        _origin(whole[:end]),
        tuple(parse_template(segment) for segment in path.split("/")),
        parse_template(question + query),
    )


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("write the whole URL: https://host/path")
    if "{" in text:
        raise ValueError("scheme and host hold no fields: a payload must not say where it is sent")
    if "@" in text or any(character.isspace() for character in text):
        raise ValueError("a host holds no user and no space; credentials go into a header, as {secret}")
    _ = parts.port  # raises ValueError where it is none
    return text


def _segment(template: Template, job: Job[Any]) -> str:
    text = template.render(job, escaped)
    if unquote(text) in _UNSAFE and template.places:
        # an escaped dot is still a dot (RFC 3986, 6.2.2.2), so these cannot be escaped
        raise BadMessageError(f"{template.places[0]} leaves a path segment empty, '.' or '..'", code="field_unsafe")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
