"""What the SQS client says to AWS, counts, and makes of odd replies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.session import Aws
from worker.aws.sqs import Sqs, SqsOutbox, SqsQueue
from worker.model.errors import RefusedError
from worker.model.events import SqsCalled
from worker.model.message import NOTHING, Outgoing, ReceiptHandle
from worker.ports import EntryFailure

URL = "http://127.0.0.1/1/foo"
RECEIPT = ReceiptHandle("r")


@dataclass
class Client:
    """In the place of the way to SQS: remembers the request, gives a prepared reply."""

    reply: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)

    async def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.sent = parameters
        return self.reply


def sqs(client: Client) -> Sqs:
    return Sqs(client, client, "foo", RecordedTelemetry(), timedelta(seconds=20))


def queue(client: Client) -> SqsQueue:
    return SqsQueue(sqs(client), URL, visibility=timedelta(seconds=60), clock=LoopClock())


async def test_a_receive_asks_for_what_we_read_and_no_more() -> None:
    """Long poll, our visibility, three system attributes, every message attribute."""
    client = Client()
    await queue(client).receive(7)
    assert client.sent == {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 7,
        "WaitTimeSeconds": 20,
        "VisibilityTimeout": 60,
        "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"],
        "MessageAttributeNames": ["All"],
    }


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(NOTHING, 0), (timedelta(milliseconds=1), 1), (timedelta(seconds=1.5), 2), (timedelta(days=1), 43_200)],
)
async def test_visibility_is_whole_seconds_rounded_up(asked: timedelta, seconds: int) -> None:
    """Rounded down, a short backoff would be none; nothing stays nothing; 12 hours is the most."""
    client = Client({"Successful": [{"Id": "0"}]})
    await queue(client).change_visibility([(RECEIPT, asked)])
    assert client.sent["Entries"][0]["VisibilityTimeout"] == seconds


async def test_a_delay_is_at_most_fifteen_minutes_and_absent_where_there_is_none() -> None:
    """An explicit 0 would override a queue's own delay."""
    client = Client({"Successful": [{"Id": "0"}, {"Id": "1"}]})
    await SqsOutbox(sqs(client), URL).send([Outgoing("a", {}, delay=timedelta(hours=1)), Outgoing("b", {})])
    first, second = client.sent["Entries"]
    assert first["DelaySeconds"] == 900
    assert second == {"Id": "1", "MessageBody": "b"}


@pytest.mark.parametrize(
    ("failed", "code", "final"),
    [
        ({"Code": "ReceiptHandleIsInvalid", "SenderFault": True}, "ReceiptHandleIsInvalid", True),
        ({"Code": "AWS.SimpleQueueService.MessageNotInflight", "SenderFault": True}, "MessageNotInflight", True),
        ({"Code": "MessageNotInflight", "SenderFault": False}, "MessageNotInflight", True),
        ({"Code": "InvalidMessageContents", "SenderFault": True}, "InvalidMessageContents", True),
        ({"Code": "InternalError", "SenderFault": False}, "InternalError", False),
        ({"Code": "RequestThrottled", "SenderFault": True}, "RequestThrottled", False),
    ],
)
async def test_a_failed_entry_is_final_where_trying_again_cannot_help(failed: dict, code: str, *, final: bool) -> None:
    """The receipt or the entry is bad: final. The service is: not."""
    client = Client({"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", **failed}]})
    assert await queue(client).delete([RECEIPT, RECEIPT]) == [EntryFailure(1, code, final=final)]


async def test_an_entry_that_is_not_answered_counts_as_failed() -> None:
    """It may be tried again; silence is not success."""
    client = Client({"Successful": [{"Id": "1"}]})
    assert await queue(client).delete([RECEIPT, RECEIPT]) == [EntryFailure(0, "Unanswered", final=False)]


async def test_every_request_is_counted(aws: Aws, unique_name: str) -> None:
    """What the bill counts: one event for each request, by operation."""
    telemetry = RecordedTelemetry()
    await (await aws.client("sqs")).create_queue(QueueName=unique_name)
    real = await Sqs.open(aws, "foo", telemetry=telemetry, wait=NOTHING)
    line = await real.queue(unique_name, visibility=timedelta(seconds=30), clock=LoopClock())
    await (await real.outbox(unique_name)).send([Outgoing("x", {})])
    (message,) = await line.receive(1)
    await line.change_visibility([(message.receipt, NOTHING)])
    await line.delete([message.receipt])
    assert [event.operation for event in telemetry.of(SqsCalled)] == [
        "GetQueueUrl",
        "GetQueueUrl",
        "SendMessageBatch",
        "ReceiveMessage",
        "ChangeMessageVisibilityBatch",
        "DeleteMessageBatch",
    ]
    assert {event.vendor for event in telemetry.of(SqsCalled)} == {"foo"}


async def test_a_queue_that_is_not_there_says_how_to_make_it(aws: Aws) -> None:
    """Its name and `sluice up`."""
    real = await Sqs.open(aws, "foo", telemetry=RecordedTelemetry())
    with pytest.raises(RefusedError, match=r"no-such-queue.*sluice up"):
        await real.queue("no-such-queue", visibility=timedelta(seconds=30), clock=LoopClock())


async def test_the_queue_says_how_often_a_message_may_be_received(aws: Aws, unique_name: str) -> None:
    """As its redrive policy stands now; a queue without one says nothing."""
    client = await aws.client("sqs")
    await client.create_queue(QueueName=unique_name)
    real = await Sqs.open(aws, "foo", telemetry=RecordedTelemetry())
    assert await real.most_receives(unique_name) is None
    letters = await client.create_queue(QueueName=f"{unique_name}-dlq")
    told = await client.get_queue_attributes(QueueUrl=letters["QueueUrl"], AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": told["Attributes"]["QueueArn"], "maxReceiveCount": 31}
    url = (await client.get_queue_url(QueueName=unique_name))["QueueUrl"]
    await client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    assert await real.most_receives(unique_name) == 31


async def test_who_may_not_ask_for_it_goes_on() -> None:
    """A role without sqs:GetQueueAttributes: the caller has a default."""

    class Forbidden(Client):
        async def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
            if operation == "GetQueueAttributes":
                raise RefusedError("AccessDenied")
            return {"QueueUrl": URL}

    assert await sqs(Forbidden()).most_receives("q") is None
