"""A message as SQS hands it out, and the job that it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, NewType, TypeVar

MessageId = NewType("MessageId", str)
ReceiptHandle = NewType("ReceiptHandle", str)
JobKey = NewType("JobKey", str)
VendorName = NewType("VendorName", str)

P = TypeVar("P")

NOTHING: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One message attribute: its data type (`String`, `Number`, `Binary`, with or without a suffix) and value."""

    data_type: str
    value: str | bytes

    @property
    def text(self) -> str:
        """The value as text; bytes are read as UTF-8, what is not UTF-8 is replaced."""
        return self.value if isinstance(self.value, str) else self.value.decode("utf-8", "replace")


Attributes = Mapping[str, Attribute]


def text_attribute(value: str) -> Attribute:
    """A `String` attribute."""
    return Attribute("String", value)


@dataclass(frozen=True, slots=True)
class Message:
    """One message in our hands: what `ReceiveMessage` returned, and when the call for it began."""

    id: MessageId
    receipt: ReceiptHandle
    body: str
    attributes: Attributes
    receive_count: int  # ApproximateReceiveCount: throttles and hand-backs count too, so it is no attempt counter
    sent_at: datetime  # SentTimestamp, UTC
    held_from: float  # monotonic seconds, read before the receive call: the lease counts from here
    group: str | None = None  # MessageGroupId: the tenant, on a standard queue


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent to an SQS queue."""

    body: str
    attributes: Attributes
    delay: timedelta = NOTHING  # at most 15 minutes
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that follows from another one: published to a topic before its parent is deleted."""

    body: str
    attributes: Attributes = field(default_factory=dict)
    topic: str | None = None  # a topic of the topology; None: the default one
    key: JobKey | None = None  # its `sluice-key`; None: derived from the parent's key and the place in the list


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """A decoded message, as an adapter sees it."""

    key: JobKey  # the caller's `sluice-key`, else SQS's message id: the same on every attempt
    payload: P  # the adapter's Payload model
    attempt: int = 1  # one more than the failed attempts so far
    cursor: str | None = None  # where a long job goes on
    scope: str | None = None  # what its own limit is about: recipient, channel, shop
    size: int = 0  # bytes of the payload's JSON
    attributes: Attributes = field(default_factory=dict)  # the caller's, without Sluice's own
    tenant: str | None = None
    limit: str | None = None  # which limit it falls under, where the entry's `limit_key` names payload fields
    secret: str | None = None  # which secret its request needs, where the entry's `secret` names payload fields
