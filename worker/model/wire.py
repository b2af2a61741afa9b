"""The attributes and the envelope by which Sluice's own facts travel with a message."""

from __future__ import annotations

import json
from dataclasses import dataclass

from worker.model.message import Attribute, Attributes

KEY = "sluice-key"  # the idempotency key, the caller's or random
BURIAL = "sluice-burial"  # why a message is in the dead-letter queue: JSON, at most 1 KiB
CONTINUATION = "sluice-continuation"  # JSON: the cursor of a long job, the failures that a replacement inherits
CLAIM = "ExtendedPayloadSize"  # AWS's extended clients: the body is a pointer to S3
OLD_CLAIM = "SQSLargePayloadSize"  # their older name for it
OWN = frozenset({KEY, BURIAL, CONTINUATION, CLAIM, OLD_CLAIM})

MAX_ATTRIBUTES = 10  # SQS, per message; SNS raw delivery drops a message with more
MAX_USER_ATTRIBUTES = MAX_ATTRIBUTES - 2  # room for KEY and CLAIM
MAX_SQS_BYTES = 1_048_576  # body and attributes; SQS since August 2025
MAX_SNS_BYTES = 262_144  # body and attributes, a whole batch together
MAX_BURIAL_BYTES = 1_024

_FOLDED = "sluice-original"


@dataclass(frozen=True, slots=True)
class Original:
    """A message whose attributes had to move into its body, to make room for Sluice's."""

    body: str
    attributes: Attributes


def size_of(body: str, attributes: Attributes) -> int:
    """Bytes that SQS and SNS count: body, and name, type and value of each attribute."""
    return len(body.encode()) + sum(
        len(name.encode())
        + len(attribute.data_type.encode())
        + len(attribute.value if isinstance(attribute.value, bytes) else attribute.value.encode())
        for name, attribute in attributes.items()
    )


def fold(original: Original) -> str:
    """Put a message, attributes and all, into one JSON body."""
    attributes = {
        name: {"type": a.data_type, "hex": a.value.hex()}
        if isinstance(a.value, bytes)
        else {"type": a.data_type, "value": a.value}
        for name, a in original.attributes.items()
    }
    return json.dumps({_FOLDED: {"body": original.body, "attributes": attributes}})


def unfold(value: object) -> Original | None:
    """The message inside a decoded JSON body, if `fold` made it."""
    match value:
        case {"sluice-original": {"body": str(body), "attributes": dict(attributes), **rest}, **others} if (
            not rest and not others
        ):
            try:
                return Original(body, {str(name): _attribute(entry) for name, entry in attributes.items()})
            except ValueError:
                return None
        case _:
            return None


def _attribute(entry: object) -> Attribute:
    """Read one attribute; raises ValueError for what `fold` never wrote."""
    match entry:
        case {"type": str(data_type), "hex": str(digits)}:
            return Attribute(data_type, bytes.fromhex(digits))
        case {"type": str(data_type), "value": str(value)}:
            return Attribute(data_type, value)
        case _:
            raise ValueError("not an attribute")
