"""Messages made from messages: dead letters, continuations, fresh copies; within SQS's ten attributes and its size."""

from __future__ import annotations

from collections.abc import Mapping

from worker.model import claim, wire
from worker.model.errors import BadMessageError
from worker.model.message import Attribute, Message, Outgoing, text_attribute
from worker.ports import Blobs

_POINTER = 4096  # bytes; more than a pointer and its attribute take


class Copies:
    """Adds one attribute of ours to a message.

    Where SQS's ten attributes or its size would be exceeded, the original goes into the body, and a body that is then
    too large into the claim check; without a bucket for it, `make` raises BadMessageError.
    """

    def __init__(self, blobs: Blobs | None) -> None:
        self._blobs = blobs

    async def make(self, message: Message, name: str, value: str, *, body: str | None = None) -> Outgoing:
        """A copy of the message with that attribute, or with another body (which then stands for itself)."""
        attributes = dict(message.attributes)
        if body is None:
            body = message.body
        else:
            _drop_claim(attributes)
        attributes.setdefault(wire.KEY, text_attribute(message.id))  # the same key as the original's
        own: dict[str, Attribute] = {name: text_attribute(value), wire.KEY: attributes[wire.KEY]}
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
        size = Attribute("Number", str(len(body.encode())))
        if len(attributes) == wire.MAX_ATTRIBUTES or wire.size_of("", attributes) > wire.MAX_SQS_BYTES - _POINTER:
            body, attributes = wire.fold(wire.Original(body, attributes)), dict(own)
        pointer = await self._blobs.put(body.encode())
        return claim.encode(pointer.bucket, pointer.key), {**attributes, wire.CLAIM: size}


def _drop_claim(attributes: dict[str, Attribute]) -> None:
    """The body is not a pointer any more."""
    attributes.pop(wire.CLAIM, None)
    attributes.pop(wire.OLD_CLAIM, None)
