"""What a call to AWS and its answer tell of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from worker.local.awscall import partitions
from worker.local.faultproxy import Seen
from worker.local.faults import FailSome
from worker.local.history import Buried, Deleted, Disturbed, Event, History, Published, Received, Recorded, Sent, Shown
from worker.model.wire import KEY

_DEAD = "-dlq"  # how names of dead-letter queues end
_TAKEN = re.compile(r"<Successful>(.*?)</Successful>", re.DOTALL)
_ID = re.compile(r"<Id>([^<]*)</Id>")
_MEMBER = "PublishBatchRequestEntries.member."
_DELIVERIES = frozenset({"LEDGER"})  # kinds of items in the state table
_ABOUT_MESSAGES = _DELIVERIES | {"ATTEMPTS"}


class Witness:
    """Writes into a history what a proxy sees; calls from a door in `publishers` are not a worker's."""

    def __init__(self, history: History, publishers: frozenset[str] = frozenset()) -> None:
        self._history = history
        self._publishers = publishers

    def see(self, seen: Seen) -> None:
        """Take note of one call."""
        for event in [*self._disturbed(seen), *self._done(seen)]:
            self._history.record(event)

    def _disturbed(self, seen: Seen) -> Iterator[Event]:
        if seen.fault is None:
            return
        operation, fault = seen.call.operation, type(seen.fault).__name__.lower()
        spared = _carried_out(seen) if isinstance(seen.fault, FailSome) else ()
        for entry in (entry for entry in seen.call.entries if entry not in spared):
            receipt = str(entry.get("ReceiptHandle", ""))
            key = self._history.key_of(receipt) or _key(entry)
            yield Disturbed(seen.at, seen.door, key, receipt, operation, fault)
        for key in _keys_of(seen.call.items, _ABOUT_MESSAGES):
            yield Disturbed(seen.at, seen.door, key, "", operation, fault)

    def _done(self, seen: Seen) -> Iterator[Event]:
        match seen.call.operation:
            case "sqs:ReceiveMessage":
                yield from _received(seen)
            case "sqs:DeleteMessageBatch":
                for entry in _carried_out(seen):
                    receipt = entry["ReceiptHandle"]
                    yield Deleted(seen.answered, seen.door, self._history.key_of(receipt), receipt)
            case "sqs:ChangeMessageVisibilityBatch":
                for entry in _carried_out(seen):
                    receipt, seconds = entry["ReceiptHandle"], float(entry["VisibilityTimeout"])
                    yield Shown(seen.answered, seen.door, self._history.key_of(receipt), receipt, seconds)
            case "sqs:SendMessageBatch":
                for entry in _carried_out(seen):
                    yield self._sent(seen, _key(entry))
            case "sns:PublishBatch":
                yield from _published(seen)
            case "dynamodb:BatchWriteItem" if seen.carried_out:
                undone = frozenset(partitions(seen.reply))
                written = [item for item in seen.call.items if item not in undone]
                yield from (Recorded(seen.answered, seen.door, key) for key in _keys_of(written, _DELIVERIES))

    def _sent(self, seen: Seen, key: str) -> Event:
        if seen.door in self._publishers:
            return Published(seen.answered, key)
        if seen.call.queue.endswith(_DEAD):
            return Buried(seen.answered, seen.door, key)
        return Sent(seen.answered, seen.door, key)


def _received(seen: Seen) -> Iterator[Event]:
    seconds = float(seen.call.fields.get("VisibilityTimeout", 30))
    for message in seen.reply.get("Messages", ()):
        yield Received(
            at=seen.answered,
            who=seen.door,
            key=_key(message) or message["MessageId"],
            message_id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            count=int(message["Attributes"]["ApproximateReceiveCount"]),
            seconds=seconds,
            heard=seen.heard,
        )


def _carried_out(seen: Seen) -> Sequence[Mapping[str, Any]]:
    done = {entry["Id"] for entry in seen.reply.get("Successful") or ()}
    return [entry for entry in seen.call.entries if entry["Id"] in done]


def _key(message: Mapping[str, Any]) -> str:
    return str(message.get("MessageAttributes", {}).get(KEY, {}).get("StringValue", ""))


def _keys_of(items: Sequence[str], kinds: frozenset[str]) -> Iterator[str]:
    """The `sluice-key` of items `KIND#vendor#key`."""
    for item in items:
        kind, _, rest = item.partition("#")
        if kind in kinds:
            yield rest.partition("#")[2]


def _published(seen: Seen) -> Iterator[Event]:
    if seen.answer is None or not seen.carried_out:
        return
    taken = _TAKEN.search(seen.answer.body.decode())
    ids = set(_ID.findall(taken[1])) if taken else set()
    for number in range(1, 11):
        member = f"{_MEMBER}{number}."
        fields = {name.removeprefix(member): text for name, text in seen.call.fields.items() if name.startswith(member)}
        if fields.get("Id") in ids:
            yield Published(seen.answered, _query_key(fields))


def _query_key(fields: Mapping[str, str]) -> str:
    place = next(name for name, text in fields.items() if name.endswith(".Name") and text == KEY)
    return fields[place.removesuffix("Name") + "Value.StringValue"]
