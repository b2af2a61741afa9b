"""The fault proxy: what each fault does to the call, what its caller sees, and what the history then says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from worker.aws.errors import code_of
from worker.aws.session import Aws, Credentials
from worker.local.faultproxy import FaultProxy, Seen
from worker.local.faults import THROTTLED, UNAVAILABLE, FailSome, Hang, Mute, Plan, Refuse, Reset, Rule, Slow, away
from worker.local.history import Buried, Deleted, Disturbed, History, Published, Received, Recorded, Sent, Shown
from worker.local.stack import EmbeddedAws
from worker.local.witness import Witness
from worker.model.wire import KEY

FAULTS = [Refuse(), UNAVAILABLE, THROTTLED, Reset(), Hang(0.05)]


@dataclass
class Queue:
    """A queue behind the proxy, and the way past it."""

    plan: Plan
    history: History
    sqs: Any  # a worker's client
    direct: Any
    url: str
    proxy: FaultProxy
    recorded: asyncio.Event  # a call has been seen to its end

    async def send(self, count: int = 1, url: str | None = None) -> Mapping[str, Any]:
        entries = [
            {
                "Id": str(n),
                "MessageBody": "{}",
                "MessageAttributes": {KEY: {"DataType": "String", "StringValue": f"k{n}"}},
            }
            for n in range(count)
        ]
        reply: Mapping[str, Any] = await self.sqs.send_message_batch(QueueUrl=url or self.url, Entries=entries)
        return reply

    async def receive(self) -> list[Mapping[str, Any]]:
        reply = await self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=30,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return list(reply.get("Messages", ()))

    async def waiting(self) -> int:
        """Past the proxy."""
        names = ["ApproximateNumberOfMessages"]
        reply = await self.direct.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return int(reply["Attributes"][names[0]])


@pytest.fixture
async def queue(embedded_aws: EmbeddedAws, aws: Aws, unique_name: str) -> AsyncIterator[Queue]:
    """One queue, its worker and its publisher."""
    history, plan = History(), Plan()
    async with AsyncExitStack() as stack:
        witness, recorded = Witness(history), asyncio.Event()

        def see(seen: Seen) -> None:
            witness.see(seen)
            if seen.call.operation == "sqs:SendMessageBatch":
                recorded.set()

        proxy = await stack.enter_async_context(FaultProxy(embedded_aws.endpoint, plan, see))
        way = await stack.enter_async_context(_way(await proxy.door("w1")))
        sqs, direct = await way.client("sqs"), await aws.client("sqs")
        url = (await sqs.create_queue(QueueName=unique_name))["QueueUrl"]
        yield Queue(plan, history, sqs, direct, url, proxy, recorded)


def _way(endpoint: str) -> Aws:
    return Aws(region="us-east-1", endpoint=endpoint, credentials=Credentials("test", "test"))


async def test_what_is_not_disturbed_passes_and_is_written_down(queue: Queue) -> None:
    """A send, a receive, a visibility change, a burial and a delete are in the history, by key and by worker."""
    await queue.send()
    (message,) = await queue.receive()
    receipt = message["ReceiptHandle"]
    await queue.sqs.change_message_visibility_batch(
        QueueUrl=queue.url, Entries=[{"Id": "0", "ReceiptHandle": receipt, "VisibilityTimeout": 20}]
    )
    name = queue.url.rpartition("/")[2]
    graves = (await queue.sqs.create_queue(QueueName=f"{name}-dlq"))["QueueUrl"]
    await queue.send(url=graves)
    await queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=[{"Id": "0", "ReceiptHandle": receipt}])
    events = queue.history.events
    assert [type(event) for event in events] == [Sent, Received, Shown, Buried, Deleted]
    assert {event.key for event in events} == {"k0"}
    assert isinstance(events[1], Received)
    assert (events[1].who, events[1].receipt, events[1].count, events[1].seconds) == ("w1", receipt, 1, 30)
    assert isinstance(events[2], Shown)
    assert events[2].seconds == 20


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{type(fault).__name__}-{getattr(fault, 'code', '')}")
async def test_a_failed_call_is_not_carried_out(queue: Queue, fault: Any) -> None:
    """Its caller gets AWS's error or loses the connection, and SQS never hears of it."""
    with (
        queue.plan.inject(Rule(fault, "sqs:SendMessageBatch")),
        pytest.raises((ClientError, ConnectionClosedError)) as raised,
    ):
        await queue.send()
    if isinstance(fault, Refuse):
        assert code_of(raised.value) == fault.code
    assert await queue.waiting() == 0
    assert [type(event) for event in queue.history.events] == [Disturbed]


async def test_a_lost_answer_leaves_the_call_done(queue: Queue) -> None:
    """SQS has the message; the sender does not know."""
    with queue.plan.inject(Rule(Mute(), "sqs:SendMessageBatch")), pytest.raises(ConnectionClosedError):
        await queue.send()
    assert await queue.waiting() == 1
    assert [type(event) for event in queue.history.events] == [Disturbed, Sent]


async def test_a_receive_whose_answer_is_lost_is_a_lease_of_nobody(queue: Queue) -> None:
    """The history says that it was handed out and that nobody heard of it."""
    await queue.send()
    with queue.plan.inject(Rule(Mute(), "sqs:ReceiveMessage")), pytest.raises(ConnectionClosedError):
        await queue.receive()
    (lease,) = [event for event in queue.history.events if isinstance(event, Received)]
    assert not lease.heard


async def test_a_batch_fails_in_part_just_as_its_answer_says(queue: Queue) -> None:
    """Entries that are told as failed were not carried out, and all others were."""
    with queue.plan.inject(Rule(FailSome(0.5), "sqs:SendMessageBatch")):
        reply = await queue.send(10)
    failed = {entry["Id"] for entry in reply["Failed"]}
    told = [event.key for event in queue.history.events if isinstance(event, Disturbed)]
    assert sorted(told) == sorted(f"k{number}" for number in failed)
    assert 0 < len(failed) < 10
    assert {entry["Code"] for entry in reply["Failed"]} == {"InternalError"}
    assert {entry["Id"] for entry in reply["Successful"]} == {str(n) for n in range(10)} - failed
    assert await queue.waiting() == 10 - len(failed)


async def test_a_batch_may_fail_in_all_its_parts(queue: Queue) -> None:
    """Nothing is carried out, and every entry is told."""
    with queue.plan.inject(Rule(FailSome(1), "sqs:SendMessageBatch")):
        assert len((await queue.send(3))["Failed"]) == 3
    assert await queue.waiting() == 0


async def test_a_disturbed_delete_names_its_message(queue: Queue) -> None:
    """Whoever looks for the cause of a duplicate finds the very receipt."""
    await queue.send()
    (message,) = await queue.receive()
    entries = [{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}]
    with queue.plan.inject(Rule(Reset(), "sqs:Delete*")), pytest.raises(ConnectionClosedError):
        await queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    last = queue.history.events[-1]
    assert isinstance(last, Disturbed)
    assert (last.key, last.receipt, last.fault) == ("k0", message["ReceiptHandle"], "reset")


async def test_a_service_that_is_away_is_away_for_all_its_calls_and_no_other(queue: Queue) -> None:
    """SQS cannot be reached, SNS can; afterwards both can."""
    async with _way(await queue.proxy.door("w2")) as way:
        sns = await way.client("sns")
        with queue.plan.inject(away("sqs:*")):
            with pytest.raises(ConnectionClosedError):
                await queue.receive()
            await sns.list_topics()
        assert await queue.receive() == []


async def test_a_rule_is_about_the_doors_that_it_names(queue: Queue) -> None:
    """One worker's calls fail while another's pass."""
    with queue.plan.inject(Rule(Reset(), "sqs:*", door="w2")):
        await queue.send()


async def test_a_slow_call_takes_its_time_and_is_carried_out(queue: Queue) -> None:
    """Its caller has given up by then: SQS does it all the same."""
    async with _way(await queue.proxy.door("w2")) as way:
        queue.sqs = await way.client("sqs", read_timeout=timedelta(seconds=0.05))
        with queue.plan.inject(Rule(Slow(0.2), "sqs:SendMessageBatch")), pytest.raises(ReadTimeoutError):
            await queue.send()
        await queue.recorded.wait()
    assert await queue.waiting() == 1


async def test_what_sns_takes_is_published(queue: Queue, unique_name: str) -> None:
    """SNS speaks XML: entries that it took are in the history by their keys, and errors are told in XML."""
    async with _way(await queue.proxy.door("publisher")) as way:
        sns = await way.client("sns")
        topic = (await sns.create_topic(Name=unique_name))["TopicArn"]
        entry = {"Message": "{}", "MessageAttributes": {KEY: {"DataType": "String", "StringValue": "a&b"}}}
        entries = [{"Id": "0", **entry}, {"Id": "1", **entry}]
        await sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        assert [type(event) for event in queue.history.events] == [Published, Published]
        assert {event.key for event in queue.history.events} == {"a&b"}
        with queue.plan.inject(Rule(UNAVAILABLE, "sns:*")), pytest.raises(ClientError) as raised:
            await sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        assert code_of(raised.value) == "ServiceUnavailable"


async def test_the_ledger_is_in_the_history(queue: Queue, unique_name: str) -> None:
    """A marker that was written is recorded, by its key; a claim, which is not one, and a count are not."""
    async with _way(await queue.proxy.door("w2")) as way:
        dynamodb = await _table(way, unique_name)
        await _write(dynamodb, unique_name, "LEDGER#sink#k#7", "REPORT#sink#t")
        await dynamodb.put_item(TableName=unique_name, Item=_item("LEDGER#sink#k8"))
        await _write(dynamodb, unique_name, "ATTEMPTS#sink#k9")
    assert [(type(event), event.key) for event in queue.history.events] == [(Recorded, "k#7")]


async def test_a_disturbed_call_to_the_table_names_its_messages(queue: Queue, unique_name: str) -> None:
    """Reads, writes and counts; what the table is told besides is about no message."""
    async with _way(await queue.proxy.door("w2")) as way:
        dynamodb = await _table(way, unique_name)
        with queue.plan.inject(away("dynamodb:*")):
            for key in ("LEDGER#sink#k7", "ATTEMPTS#sink#k8", "REPORT#sink#t"):
                with pytest.raises(ConnectionClosedError):
                    await _write(dynamodb, unique_name, key)
    told = [event for event in queue.history.events if isinstance(event, Disturbed)]
    assert [(event.key, event.operation) for event in told] == [
        ("k7", "dynamodb:BatchWriteItem"),
        ("k8", "dynamodb:BatchWriteItem"),
    ]


async def _table(way: Aws, name: str) -> Any:
    client = await way.client("dynamodb")
    keys = {"pk": "HASH", "sk": "RANGE"}
    await client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


async def _write(dynamodb: Any, table: str, *keys: str) -> None:
    await dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": _item(key)}} for key in keys]})


def _item(key: str) -> dict[str, Any]:
    return {"pk": {"S": key}, "sk": {"S": "-"}}


async def test_bodies_of_s3_pass(queue: Queue, unique_name: str) -> None:
    """S3's clients wait for `100 Continue` before they send a body: it comes."""
    async with _way(await queue.proxy.door("w2")) as way:
        s3 = await way.client("s3")
        await s3.create_bucket(Bucket=unique_name)
        await s3.put_object(Bucket=unique_name, Key="a/b", Body=b"x" * 300_000)
        got = await s3.get_object(Bucket=unique_name, Key="a/b")
        assert len(await got["Body"].read()) == 300_000
        await s3.head_bucket(Bucket=unique_name)
