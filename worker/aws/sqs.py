"""SQS queues: what a vendor's pipeline receives from, settles on and sends to."""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from worker.aws.errors import is_busy, wrapped
from worker.aws.jsonapi import JsonApi
from worker.aws.session import Aws
from worker.model.errors import RefusedError
from worker.model.events import SqsCalled
from worker.model.message import Attribute, Attributes, Message, Outgoing, ReceiptHandle
from worker.ports import Clock, EntryFailure, Telemetry

_TARGET = "AmazonSQS"
_CONNECT = timedelta(seconds=3)
_MAX_VISIBILITY = 43_200  # seconds
_MAX_DELAY = 900  # seconds
_SYSTEM_ATTRIBUTES = ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"]
_FINAL = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})


@dataclass(frozen=True, slots=True)
class Sqs:
    """One vendor's connections to SQS: those that wait in long polls apart from those that must be quick.

    With one pool for both, ten idle polls hold up a heartbeat until one of them ends.
    """

    polling: JsonApi
    acting: JsonApi
    vendor: str
    telemetry: Telemetry
    wait: timedelta

    @classmethod
    async def open(
        cls, aws: Aws, vendor: str, *, telemetry: Telemetry, receivers: int = 1, wait: timedelta = timedelta(seconds=20)
    ) -> Self:
        """Open the clients, for `receivers` receives at once that wait so long (at most 20 s); `aws` closes them."""
        polling = await aws.json_api(
            "sqs", _TARGET, pool=receivers, connect_timeout=_CONNECT, read_timeout=wait + _CONNECT
        )
        acting = await aws.json_api(
            "sqs", _TARGET, pool=10, connect_timeout=_CONNECT, read_timeout=timedelta(seconds=5)
        )
        return cls(polling, acting, vendor, telemetry, wait)

    async def queue(self, name: str, *, visibility: timedelta, clock: Clock) -> SqsQueue:
        """The queue to receive from; raises RefusedError where there is none."""
        return SqsQueue(self, await self._url(name), visibility=visibility, clock=clock)

    async def outbox(self, name: str) -> SqsOutbox:
        """A queue to send to; raises RefusedError where there is none."""
        return SqsOutbox(self, await self._url(name))

    async def most_receives(self, name: str) -> int | None:
        """The queue's maxReceiveCount, as it stands; None where it has no dead-letter queue, or we may not ask."""
        parameters = {"QueueUrl": await self._url(name), "AttributeNames": ["RedrivePolicy"]}
        try:
            reply = await self.call(self.acting, "GetQueueAttributes", name, parameters)
            return int(json.loads(reply["Attributes"]["RedrivePolicy"])["maxReceiveCount"])
        except (RefusedError, KeyError, ValueError):
            return None

    async def call(self, api: JsonApi, operation: str, queue: str, parameters: Mapping[str, Any]) -> Any:
        """Make one request and count it; raises UnavailableError or RefusedError."""
        self.telemetry.emit(SqsCalled(self.vendor, operation))
        with wrapped(operation, queue):
            return await api.call(operation, parameters)

    async def _url(self, name: str) -> str:
        reply = await self.call(self.acting, "GetQueueUrl", name, {"QueueName": name})
        return str(reply["QueueUrl"])


class SqsQueue:
    """One queue, from which we receive (port `Queue`)."""

    def __init__(self, sqs: Sqs, url: str, *, visibility: timedelta, clock: Clock) -> None:
        self._sqs = sqs
        self._url = url
        self._name = url.rpartition("/")[2]
        self._clock = clock
        self._parameters: Mapping[str, Any] = {
            "QueueUrl": url,
            "WaitTimeSeconds": int(sqs.wait.total_seconds()),
            "VisibilityTimeout": _whole_seconds(visibility, _MAX_VISIBILITY),
            "MessageSystemAttributeNames": _SYSTEM_ATTRIBUTES,
            "MessageAttributeNames": ["All"],
        }

    async def receive(self, limit: int) -> Sequence[Message]:
        """Long-poll for 1 … 10 messages."""
        held_from = self._clock.monotonic()
        parameters = {"MaxNumberOfMessages": limit, **self._parameters}
        reply = await self._sqs.call(self._sqs.polling, "ReceiveMessage", self._name, parameters)
        return [_message(received, held_from) for received in reply.get("Messages") or ()]

    async def delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        """Delete up to ten messages."""
        entries = [{"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(receipts)]
        parameters = {"QueueUrl": self._url, "Entries": entries}
        reply = await self._sqs.call(self._sqs.acting, "DeleteMessageBatch", self._name, parameters)
        return _failures(reply, len(entries))

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        """Set when up to ten messages become visible, from now; rounded up to whole seconds."""
        changes = [
            {
                "Id": str(index),
                "ReceiptHandle": receipt,
                "VisibilityTimeout": _whole_seconds(visibility, _MAX_VISIBILITY),
            }
            for index, (receipt, visibility) in enumerate(entries)
        ]
        parameters = {"QueueUrl": self._url, "Entries": changes}
        reply = await self._sqs.call(self._sqs.acting, "ChangeMessageVisibilityBatch", self._name, parameters)
        return _failures(reply, len(changes))


class SqsOutbox:
    """One queue, to which we send (port `Outbox`)."""

    def __init__(self, sqs: Sqs, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._name = url.rpartition("/")[2]

    async def send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        """Send up to ten messages; delays are rounded up to whole seconds."""
        messages = [_entry(index, entry) for index, entry in enumerate(entries)]
        parameters = {"QueueUrl": self._url, "Entries": messages}
        reply = await self._sqs.call(self._sqs.acting, "SendMessageBatch", self._name, parameters)
        return _failures(reply, len(messages))


def _message(received: Mapping[str, Any], held_from: float) -> Message:
    system = received["Attributes"]
    return Message(
        id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        body=received["Body"],
        attributes=_attributes(received.get("MessageAttributes") or {}),
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        held_from=held_from,
        group=system.get("MessageGroupId"),
    )


def _attributes(received: Mapping[str, Any]) -> Attributes:
    return {
        name: Attribute(
            value["DataType"], value["StringValue"] if "StringValue" in value else b64decode(value["BinaryValue"])
        )
        for name, value in received.items()
    }


def _entry(index: int, entry: Outgoing) -> dict[str, Any]:
    message: dict[str, Any] = {"Id": str(index), "MessageBody": entry.body}
    if entry.attributes:
        message["MessageAttributes"] = {name: _sent_attribute(value) for name, value in entry.attributes.items()}
    if entry.delay:
        message["DelaySeconds"] = _whole_seconds(entry.delay, _MAX_DELAY)
    if entry.group is not None:
        message["MessageGroupId"] = entry.group
    return message


def _sent_attribute(attribute: Attribute) -> dict[str, Any]:
    if isinstance(attribute.value, bytes):
        return {"DataType": attribute.data_type, "BinaryValue": b64encode(attribute.value).decode()}
    return {"DataType": attribute.data_type, "StringValue": attribute.value}


def _whole_seconds(duration: timedelta, most: int) -> int:
    return min(max(0, math.ceil(duration.total_seconds())), most)


def _failures(reply: Mapping[str, Any], count: int) -> Sequence[EntryFailure]:
    succeeded = reply.get("Successful") or ()
    if len(succeeded) == count:
        return ()
    failed = {entry["Id"]: _failure(entry) for entry in reply.get("Failed") or ()}
    done = {entry["Id"] for entry in succeeded}
    return [*failed.values(), *_unanswered(str(index) for index in range(count) if str(index) not in {*done, *failed})]


def _failure(entry: Mapping[str, Any]) -> EntryFailure:
    code = entry.get("Code", "Unknown").rpartition(".")[2]  # AWS.SimpleQueueService.MessageNotInflight, or short
    final = code in _FINAL or (entry.get("SenderFault", False) and not is_busy(code))
    return EntryFailure(int(entry["Id"]), code, final=final)


def _unanswered(ids: Iterable[str]) -> list[EntryFailure]:
    # An emulator that says nothing of an entry: it may be done or not, and doing it again does no harm.
    return [EntryFailure(int(entry_id), "Unanswered", final=False) for entry_id in ids]
