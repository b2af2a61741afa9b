"""Texts with places for what a job says: `{customer.id}`, `{job.key}`; `{{` and `}}` are braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from worker.model.errors import BadMessageError
from worker.model.message import Job

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_JOB = ("key", "attempt", "tenant")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes: `{a.b}` or `{payload.a.b}`, `{job.key}`, `{secret}` or `{secret.a}`."""

    source: str  # payload | job | secret
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.source, *self.path))

    def value(self, job: Job[Any]) -> object:
        """What the job has there. Raises BadMessageError where that is nothing."""
        value = getattr(job, self.path[0]) if self.source == "job" else job.payload
        for name in self.path if self.source == "payload" else ():
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            raise BadMessageError(f"{self} missing", code="field_missing")
        return value

    def text(self, job: Job[Any]) -> str:
        """The value as text: text, a number, or true and false. Raises BadMessageError."""
        value = self.value(job)
        if not isinstance(value, str | int | float):
            raise BadMessageError(f"{self} is neither text nor a number", code="field_type")
        return str(value).lower() if isinstance(value, bool) else _unicode(str(value), self)


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and places, in turn."""

    parts: tuple[str | Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """The places in it."""
        return tuple(part for part in self.parts if isinstance(part, Place))

    @property
    def has_secret(self) -> bool:
        """Whether the secret stands in it."""
        return any(place.source == "secret" for place in self.places)

    @property
    def text(self) -> str:
        """The text with its places as they are, for the secret to be filled in when a request is sent."""
        return "".join(part if isinstance(part, str) else f"{{{part}}}" for part in self.parts)

    def render(self, job: Job[Any], escape: Callable[[str], str] = str) -> str:
        """Fill in what the job says; `{secret}` stays as it is. Raises BadMessageError."""
        match self.parts:
            case (str() as text,):  # most of a URL is
                return text
            case parts:
                return "".join([part if isinstance(part, str) else _filled(part, job, escape) for part in parts])

    def value(self, job: Job[Any]) -> object:
        """As `render`, but where the template is just one place, its value as it is: number, list, object."""
        match self.parts:
            case (Place() as place,):
                return place.value(job)
            case _:
                return self.render(job)


def parse_template(text: object) -> Template:
    """Read a template; raises ValueError that says what is wrong and where."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not text")  # noqa: TRY004 - pydantic wants ValueError
    parts: list[str | Place] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts += [text[end : token.start()], _read(token)]
        end = token.end()
    return Template(_joined([*parts, text[end:]]))


def _read(token: re.Match[str]) -> str | Place:
    at = f"at character {token.start() + 1}"
    if token[1] is None:
        if len(token[0]) == 1:
            raise ValueError(f"a lone {token[0]} {at}; write it twice to mean the brace")
        return token[0][0]
    if not _NAME.fullmatch(token[1]):
        raise ValueError(f"{token[0]} {at} is no field; write {{name}} or {{name.name}}")
    return _place(token[1], at)


def _place(name: str, at: str) -> Place:
    first, *rest = name.split(".")
    if first == "secret" and len(rest) <= 1:
        return Place("secret", tuple(rest))
    if first == "job":
        if tuple(rest) not in {(fact,) for fact in _JOB}:
            near = get_close_matches(".".join(rest), _JOB, 1) or ["key"]
            raise ValueError(
                f"{{{name}}} {at}: a job has {', '.join(_JOB)}; write {{job.{near[0]}}}, or for a field of the payload "
                f"{{payload.{name}}}"
            )
        return Place("job", tuple(rest))
    if first == "payload" and rest:
        return Place("payload", tuple(rest))
    return Place("payload", (first, *rest))


def _unicode(text: str, place: Place) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold
        raise BadMessageError(f"{place} is not valid Unicode", code="field_type") from None
    return text


def _filled(place: Place, job: Job[Any], escape: Callable[[str], str]) -> str:
    return f"{{{place}}}" if place.source == "secret" else escape(place.text(job))


def _joined(parts: list[str | Place]) -> tuple[str | Place, ...]:
    joined: list[str | Place] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
