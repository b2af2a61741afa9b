"""From a message to a job: envelopes opened, claim checks fetched, the payload validated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from worker.model import claim, wire
from worker.model.continuation import Continuation, load_continuation
from worker.model.errors import BadMessageError
from worker.model.message import Attributes, Job, JobKey, Message
from worker.model.naming import Naming
from worker.pipeline.envelope import DEPTH, open_envelope
from worker.pipeline.faults import Faults
from worker.ports import Blobs, Pointer

_FRESH = Continuation()
_MOST_FAILURES = 1_000_000  # no message of ours fails so often; a foreign number may have a thousand digits


class Decoder:
    """Decodes one vendor's messages. `payload` is what pydantic's TypeAdapter takes."""

    def __init__(
        self,
        payload: Any,
        *,
        scope: Callable[[Any], str | None],
        blobs: Blobs | None,
        open_envelopes: bool = True,
        limit: Naming | None = None,
        secret: Naming | None = None,
    ) -> None:
        self._payload: TypeAdapter[Any] = TypeAdapter(payload)
        self._faults = Faults(self._payload)
        self._scope = scope
        self._blobs = blobs
        self._open_envelopes = open_envelopes
        self._limit = limit
        self._secret = secret

    async def decode(self, message: Message) -> tuple[Job[Any], Continuation]:
        """Make a job of it.

        Raises BadMessageError that names field and rule and holds nothing of the body; UnavailableError where the
        claim check cannot be fetched now.
        """
        value, attributes, size = await self._open(message)
        continuation = _continuation(attributes)
        payload = self._validate(value)
        job = Job(
            key_of(message, attributes),
            payload,
            attempt=continuation.failures + 1,
            cursor=continuation.cursor,
            scope=self._scope(payload),
            size=size,
            attributes={name: a for name, a in attributes.items() if name not in wire.OWN},
            tenant=message.group,
            limit=self._limit.of(payload) if self._limit else None,
            secret=self._secret.of(payload) if self._secret else None,
        )
        return job, continuation

    async def _open(self, message: Message) -> tuple[object, Attributes, int]:
        """The payload's JSON value, all attributes, and the bytes of the text that it was in."""
        attributes, size, depth = message.attributes, len(message.body.encode()), 0
        value = _json(message.body)
        while depth <= DEPTH:
            if (original := wire.unfold(value)) is not None:  # ours, and not counted: each is smaller than the last
                attributes, size = {**original.attributes, **attributes}, len(original.body.encode())
                value = _json(original.body)
            elif (pointer := claim.decode(value)) is not None:
                depth += 1
                data = await self._fetch(Pointer(*pointer))
                value, size = _json(data), len(data)
            elif self._open_envelopes and (opened := open_envelope(value)) is not None:
                depth += 1
                attributes = {**(opened.attributes or {}), **attributes}
                value = _json(str(opened.content)) if opened.is_text else opened.content
            else:
                return value, attributes, size
        raise BadMessageError(f"more than {DEPTH} envelopes within each other", code="envelope")

    async def _fetch(self, pointer: Pointer) -> bytes:
        if self._blobs is None:
            raise BadMessageError("a claim check, and no bucket is configured ([sluice] bucket)", code="claim_bucket")
        return await self._blobs.get(pointer)

    def _validate(self, value: object) -> Any:
        try:
            return self._payload.validate_python(value)
        except ValidationError as error:
            raise BadMessageError(self._faults.told(error), code="payload") from None  # the cause holds the input
        except BadMessageError:
            raise
        except Exception as error:  # noqa: BLE001 - a validator of the adapter's own: part of the fence around it
            raise BadMessageError(f"{type(error).__name__} in the payload's validation", code="payload") from None


def inherited(message: Message) -> Continuation:
    """What a message that replaces another says of it, before its body is read; what is wrong there `decode` tells."""
    try:
        return _continuation(message.attributes)
    except BadMessageError:
        return _FRESH


def key_of(message: Message, attributes: Attributes | None = None) -> JobKey:
    """The caller's `sluice-key`, else SQS's message id."""
    found = (attributes or message.attributes).get(wire.KEY)
    return JobKey((found.text if found else "") or message.id)


def _json(text: str | bytes) -> object:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)
        code = "nesting" if "recursion limit" in reason else "not_json"
        raise BadMessageError(f"not JSON: {reason}", code=code) from None


def _continuation(attributes: Attributes) -> Continuation:
    if (found := attributes.get(wire.CONTINUATION)) is None:
        return _FRESH
    try:
        continuation = load_continuation(found.text)
        if 0 <= continuation.failures <= _MOST_FAILURES:
            return continuation
    except (ValueError, RecursionError):
        pass
    raise BadMessageError("attribute sluice-continuation is not ours", code="continuation")
