"""SNS topics, to which we publish in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.aws.errors import quotable, wrapped
from worker.model.message import Attribute, MessageId, Outgoing

MAX_ENTRIES = 10  # PublishBatch takes at most ten


@dataclass(frozen=True, slots=True)
class NotTaken:
    """One entry of a batch that SNS did not take."""

    code: str  # AWS's
    reason: str
    final: bool  # our fault: sending it again cannot help


Answer = MessageId | NotTaken


class SnsTopic:
    """One topic. A batch is at most `MAX_ENTRIES` and `wire.MAX_SNS_BYTES` together; delays are not SNS's to keep."""

    def __init__(self, client: Any, arn: str) -> None:
        self.arn = arn
        self._client = client

    async def publish(self, entries: Sequence[Outgoing]) -> Sequence[Answer]:
        """Publish; one answer per entry, in their order. Raises UnavailableError or RefusedError for all of them.

        After UnavailableError they may or may not have been taken.
        """
        # A lone entry goes the same way: one path. (ministack 1.4 loses MessageGroupId and binary values in a batch.)
        with wrapped("PublishBatch", self.arn):
            reply = await self._client.publish_batch(
                TopicArn=self.arn,
                PublishBatchRequestEntries=[_entry(index, outgoing) for index, outgoing in enumerate(entries)],
            )
        answers: dict[str, Answer] = {taken["Id"]: MessageId(taken["MessageId"]) for taken in reply["Successful"]}
        answers |= {failed["Id"]: _not_taken(failed) for failed in reply["Failed"]}
        return [answers.get(str(index), _UNANSWERED) for index in range(len(entries))]


_UNANSWERED = NotTaken("NoAnswer", "SNS said nothing of this entry", final=False)


def _entry(index: int, outgoing: Outgoing) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "Id": str(index),
        "Message": outgoing.body,
        "MessageAttributes": _attributes(outgoing.attributes),
    }
    if outgoing.group is not None:
        entry["MessageGroupId"] = outgoing.group  # a standard topic hands it to standard queues, for their fairness
    return entry


def _attributes(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str | bytes]]:
    return {
        name: {
            "DataType": attribute.data_type,
            "BinaryValue" if isinstance(attribute.value, bytes) else "StringValue": attribute.value,
        }
        for name, attribute in attributes.items()
    }


def _not_taken(failed: Mapping[str, Any]) -> NotTaken:
    reason = quotable(failed["Code"], failed.get("Message")) or "see the AWS documentation of that code"
    return NotTaken(failed["Code"], reason, failed["SenderFault"])
