"""A message that a caller wants published, and what may stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from worker.model.message import JobKey, Outgoing, text_attribute
from worker.model.wire import KEY, MAX_SNS_BYTES, size_of
from worker.publish.attributes import Value, read_attributes
from worker.publish.characters import escape, first_illegal
from worker.publish.faults import InvalidEntryError

Json = str | int | float | bool | None | Mapping[str, "Json"] | list["Json"] | tuple["Json", ...]
Body = Json | bytes

_TENANT = re.compile(r"[!-~]{1,128}")  # SNS: letters, digits and ASCII punctuation
_MAX_KEY = 256
_POINTER_BYTES = 512  # a pointer (bucket at most 63, our keys) and its attribute: no more than this


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `body`: text as it is, bytes as UTF-8, anything else as compact JSON.

    `attributes`: text, numbers, bytes, or a list (String.Array); at most eight. `key`: the idempotency key, random
    if none. `tenant`: the MessageGroupId, for SQS's fair queues. `topic`: a topic of the topology, or an ARN.
    """

    body: Body
    attributes: Mapping[str, Value] = field(default_factory=dict)
    key: str | None = None
    tenant: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that SNS will take, with its key: the same on every retry."""

    key: JobKey
    outgoing: Outgoing
    size: int  # bytes that SNS counts

    @property
    def needs_claim(self) -> bool:
        """Whether it is above the SNS limit: its body must go to S3."""
        return self.size > MAX_SNS_BYTES


def prepare(entry: Entry) -> Prepared:
    """Make what is sent; raises InvalidEntryError that says what is wrong and where."""
    key = _key(entry.key)
    body = _body(entry.body)
    attributes = {**read_attributes(entry.attributes), KEY: text_attribute(key)}
    if (beside := size_of("", attributes)) > MAX_SNS_BYTES - _POINTER_BYTES:
        raise InvalidEntryError(
            f"the attributes have {beside:,} bytes; SNS takes {MAX_SNS_BYTES:,} with the body: put it in the body"
        )
    return Prepared(key, Outgoing(body, attributes, group=_tenant(entry.tenant)), size_of(body, attributes))


def _body(body: Body) -> str:
    match body:
        case str():
            text = body
        case bytes():
            text = _decoded(body)
        case _:
            return escape(_dumped(body))
    if not text:
        raise InvalidEntryError("the body is empty: SNS takes at least one character")
    if found := first_illegal(text):
        raise InvalidEntryError(f"the body holds {found}, which SNS and SQS do not take")
    return text


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidEntryError(
            f"the body is not UTF-8 at byte {error.start}: encode binary data (base64) and put it into JSON"
        ) from None  # the cause holds the body


def _dumped(body: Json) -> str:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEntryError(f"the body is no JSON: {error}") from error


def _key(key: str | None) -> JobKey:
    if key is None:
        return JobKey(uuid4().hex)
    if not isinstance(key, str) or not 1 <= len(key) <= _MAX_KEY or not key.isprintable() or key != key.strip():
        raise InvalidEntryError(f"{key!r:.80} is no key: 1 to {_MAX_KEY} printable characters, no blanks around them")
    return JobKey(key)


def _tenant(tenant: str | None) -> str | None:
    if tenant is not None and not (isinstance(tenant, str) and _TENANT.fullmatch(tenant)):
        raise InvalidEntryError("that is no tenant: 1 to 128 ASCII letters, digits and punctuation, no blanks")
    return tenant
