"""Messages made from messages: dead letters, continuations, fresh copies; within SQS's ten attributes and its size."""

from __future__ import annotations

import re
from collections.abc import Mapping

from worker.model import claim, wire
from worker.model.continuation import without_failures
from worker.model.errors import BadMessageError
from worker.model.message import Attribute, Attributes, JobKey, Message, Outgoing, text_attribute
from worker.ports import Blobs

_POINTER = 4096  # bytes; more than a pointer and its attribute take
_LONG = 1024  # characters; a key longer than this stays where it is, be that in an envelope or a fold
_TAKEN = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")  # by SQS, as text


class Copies:
    """Adds one attribute of ours to a message.

    Where SQS's ten attributes or its size would be exceeded, the original goes into the body, and a body that is then
    too large into the claim check; without a bucket for it, `make` raises BadMessageError.
    """

    def __init__(self, blobs: Blobs | None) -> None:
        self._blobs = blobs

    async def make(
        self, message: Message, name: str, value: str, *, key: JobKey, instead: wire.Original | None = None
    ) -> Outgoing:
        """A copy of the message with that attribute and its job's key; `instead`: of other content in its place."""
        original = instead or wire.Original(message.body, message.attributes)
        body, attributes = original.body, _for_another_life(original.attributes)
        own: dict[str, Attribute] = {name: text_attribute(value)}
        if len(key) <= _LONG:
            own[wire.KEY] = attributes.setdefault(wire.KEY, _key(key))
        elif instead:
            attributes[wire.KEY] = _key(key)
        if len(attributes | own) > wire.MAX_ATTRIBUTES:
            body, attributes = wire.fold(wire.Original(body, attributes)), {}
        attributes |= own
        if wire.size_of(body, attributes) > wire.MAX_SQS_BYTES:
            body, attributes = await self._claim(body, attributes, own)
        return Outgoing(body, attributes, group=message.group)

    async def _claim(
        self, body: str, attributes: dict[str, Attribute], own: Mapping[str, Attribute]
    ) -> tuple[str, dict[str, Attribute]]:
        if self._blobs is None:
            raise BadMessageError("one more attribute makes it larger than SQS takes; set [sluice] bucket", code="size")
        if len(attributes) == wire.MAX_ATTRIBUTES or wire.size_of("", attributes) > wire.MAX_SQS_BYTES - _POINTER:
            body, attributes = wire.fold(wire.Original(body, attributes)), dict(own)
        data = body.encode()
        pointer = await self._blobs.put(data)
        size = Attribute("Number", str(len(data)))
        return claim.encode(pointer.bucket, pointer.key), {**attributes, wire.CLAIM: size}


def _for_another_life(attributes: Attributes) -> dict[str, Attribute]:
    """A dead letter that is sent back to its queue starts anew: with its cursor, and all its attempts."""
    kept = {name: attribute for name, attribute in attributes.items() if name != wire.BURIAL}
    if (found := kept.get(wire.CONTINUATION)) is not None:
        kept[wire.CONTINUATION] = text_attribute(without_failures(found.text))
    return kept


def _key(key: JobKey) -> Attribute:
    """A key out of an envelope may hold what SQS takes as bytes only; `Attribute.text` reads both."""
    return text_attribute(key) if _TAKEN.fullmatch(key) else Attribute("Binary", key.encode())
