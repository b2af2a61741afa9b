"""What SNS does not take is sent again, and only that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from tests.fakes.sns import FakeSns
from worker.aws.session import Aws
from worker.model.backoff import Backoff
from worker.model.errors import RefusedError, UnavailableError
from worker.model.wire import MAX_SNS_BYTES
from worker.publish import Entry, Pace, Publisher, UnconfirmedError

AT_ONCE = Backoff(chance=lambda: 0.0)
KEY = "MessageAttributes.entry.1.Value.StringValue"


@pytest.fixture
async def publisher(sns: FakeSns, sns_aws: Aws) -> AsyncIterator[Publisher]:
    async with Publisher.to(sns.ARN, aws=sns_aws, pace=Pace(backoff=AT_ONCE)) as publisher:
        yield publisher


@pytest.fixture
async def hurried(sns: FakeSns, sns_aws: Aws) -> AsyncIterator[Publisher]:
    pace = Pace(deadline=timedelta(0), backoff=AT_ONCE)
    async with Publisher.to(sns.ARN, aws=sns_aws, pace=pace) as publisher:
        yield publisher


def bodies(call: list[dict[str, str]]) -> list[str]:
    return [entry["Message"] for entry in call]


async def test_only_failed_entries_are_sent_again(sns: FakeSns, publisher: Publisher) -> None:
    """A partial failure repeats what failed, under the same keys, and nothing else."""
    failing = {"2": ("InternalFailure", False), "5": ("Throttled", False)}
    sns.answer = lambda call, entries: sns.taken(entries, failing if call == 1 else None)
    assert await publisher.publish_all(Entry(str(n)) for n in range(7)) == 7
    first, second = sns.calls
    assert bodies(second) == ["2", "5"]
    assert [entry[KEY] for entry in second] == [first[2][KEY], first[5][KEY]]


async def test_a_key_is_random_per_call_and_kept_over_retries(sns: FakeSns, publisher: Publisher) -> None:
    """After a lost answer the same key goes out again; the next message has another."""
    sns.answer = lambda call, entries: sns.error("InternalError", 500) if call == 1 else sns.taken(entries)
    receipts = [await publisher.publish("a"), await publisher.publish("b")]
    keys = [call[0][KEY] for call in sns.calls]
    assert keys == [receipts[0].key, receipts[0].key, receipts[1].key]
    assert receipts[0].key != receipts[1].key


async def test_a_sender_fault_is_raised_at_once(sns: FakeSns, publisher: Publisher) -> None:
    """What can never succeed is not repeated; the error names the entry and AWS's code."""
    sns.answer = lambda _call, entries: sns.taken(entries, {"bad": ("InvalidParameter", True)})
    with pytest.raises(RefusedError, match=r"key k-bad: InvalidParameter \(why\)"):
        await publisher.publish_all([Entry("good"), Entry("bad", key="k-bad")])
    assert len(sns.calls) == 1


async def test_what_may_quote_the_entry_is_not_told(sns: FakeSns, publisher: Publisher) -> None:
    """AWS's message under most codes has the value in it that it does not like."""
    sns.answer = lambda _call, entries: sns.taken(entries, {"bad": ("ValidationError", True)})
    with pytest.raises(RefusedError, match=r"key k-bad: ValidationError \(see the AWS documentation of that code\)"):
        await publisher.publish("bad", key="k-bad")


async def test_a_refused_call_is_raised_at_once(sns: FakeSns, publisher: Publisher) -> None:
    """Without permission nothing is repeated, and no further batch begun once that is known."""
    sns.answer = lambda _call, _entries: sns.error("AuthorizationError", 403)
    with pytest.raises(RefusedError, match="AuthorizationError"):
        await publisher.publish("a", key="k")
    assert len(sns.calls) == 1


async def test_what_is_not_confirmed_in_time_is_named(sns: FakeSns, hurried: Publisher) -> None:
    """After the deadline the error holds the keys that SNS did not confirm, and no others."""
    sns.answer = lambda _call, entries: sns.taken(entries, {"b": ("InternalFailure", False)})
    with pytest.raises(UnconfirmedError, match="k-b; the last answer: InternalFailure") as raised:
        await hurried.publish_all([Entry("a", key="k-a"), Entry("b", key="k-b")])
    assert raised.value.keys == ("k-b",)
    assert isinstance(raised.value, UnavailableError)


async def test_a_silent_sns_leaves_all_unconfirmed(sns: FakeSns, hurried: Publisher) -> None:
    """A batch without any answer names all its keys."""
    sns.answer = lambda _call, _entries: sns.error("ServiceUnavailable", 503)
    with pytest.raises(UnconfirmedError) as raised:
        await hurried.publish_all(Entry("x", key=f"k{n}") for n in range(3))
    assert raised.value.keys == ("k0", "k1", "k2")


async def test_an_entry_that_is_not_answered_for_is_sent_again(sns: FakeSns, publisher: Publisher) -> None:
    """Neither successful nor failed is not confirmed."""
    sns.answer = lambda call, entries: sns.taken(entries[:1] if call == 1 else entries)
    await publisher.publish_all([Entry("a"), Entry("b")])
    assert bodies(sns.calls[1]) == ["b"]


async def test_batches_are_ten_at_most(sns: FakeSns, publisher: Publisher) -> None:
    """PublishBatch takes ten."""
    await publisher.publish_all(Entry(str(n)) for n in range(25))
    assert sorted(len(call) for call in sns.calls) == [5, 10, 10]
    assert {body for call in sns.calls for body in bodies(call)} == {str(n) for n in range(25)}


async def test_a_batch_has_256_kib_at_most(sns: FakeSns, publisher: Publisher) -> None:
    """A batch's total counts, attributes included: what does not fit any more goes with the next."""
    await publisher.publish_all(Entry("x" * 100_000, {"a": "y" * 10_000}, key=f"k{n}") for n in range(6))
    assert [len(call) for call in sns.calls] == [2, 2, 2]


async def test_a_batch_of_exactly_256_kib_is_one(sns: FakeSns, publisher: Publisher) -> None:
    """Up to the last byte; a byte more makes two."""
    half = MAX_SNS_BYTES // 2 - len("sluice-key" + "String" + "k")
    await publisher.publish_all([Entry("x" * half, key="a"), Entry("x" * half, key="b")])
    assert [len(call) for call in sns.calls] == [2]
    await publisher.publish_all([Entry("x" * half, key="a"), Entry("x" * (half + 1), key="b")])
    assert [len(call) for call in sns.calls] == [2, 1, 1]


async def test_batches_of_topics_are_apart(sns: FakeSns, publisher: Publisher) -> None:
    """Entries for two topics never share a call."""
    other = "arn:aws:sns:us-east-1:000000000000:other"
    await publisher.publish_all([Entry("a"), Entry("b", topic=other), Entry("c")])
    assert sorted(bodies(call) for call in sns.calls) == [["a", "c"], ["b"]]


async def test_a_tenant_is_the_message_group(sns: FakeSns, publisher: Publisher) -> None:
    """It goes as MessageGroupId, which SNS hands to standard queues; without one there is none."""
    await publisher.publish("a", tenant="shop-7")
    await publisher.publish("b")
    assert [call[0].get("MessageGroupId") for call in sns.calls] == ["shop-7", None]


async def test_a_slow_source_does_not_hold_messages_back(sns: FakeSns, publisher: Publisher) -> None:
    """A batch that does not fill leaves after the linger, while its source still waits."""
    confirmed = asyncio.Event()

    async def slow() -> AsyncIterator[Entry]:
        yield Entry("first")
        await confirmed.wait()
        yield Entry("second")

    assert await publisher.publish_all(slow(), lambda _count: confirmed.set()) == 2


async def test_what_was_read_is_published_when_the_source_breaks(sns: FakeSns, publisher: Publisher) -> None:
    """An invalid entry ends the call; those before it are published, those after it not."""
    with pytest.raises(ValueError, match="empty"):
        await publisher.publish_all([Entry("a"), Entry(""), Entry("c")])
    assert [bodies(call) for call in sns.calls] == [["a"]]


async def test_progress_counts_what_is_confirmed(sns: FakeSns, publisher: Publisher) -> None:
    """The last figure is the number of messages."""
    told: list[int] = []
    await publisher.publish_all((Entry(str(n)) for n in range(31)), told.append)
    assert told == sorted(told)
    assert told[-1] == 31


async def test_a_cancelled_call_leaves_nothing_behind(sns: FakeSns, publisher: Publisher) -> None:
    """Ctrl-C during a long publication: it ends at once, with its requests."""
    sns.open.clear()
    before = asyncio.all_tasks()
    call = asyncio.create_task(publisher.publish_all(Entry(str(n)) for n in range(1_000)))
    await sns.called.wait()
    mine = asyncio.all_tasks() - before - {call}
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    sns.open.set()
    assert all(task.done() for task in mine if "_deliver" in repr(task.get_coro()))


async def test_only_so_many_batches_are_under_way(sns: FakeSns, sns_aws: Aws) -> None:
    """A long source is read no further than its batches can leave."""
    sns.open.clear()
    read: list[int] = []

    def source() -> Iterator[Entry]:
        for number in range(100):
            read.append(number)
            yield Entry(str(number))

    async with Publisher.to(sns.ARN, aws=sns_aws, pace=Pace(in_flight=2)) as publisher:
        call = asyncio.create_task(publisher.publish_all(source()))
        await sns.called.wait()
        assert len(read) == 21  # two batches, and the entry that waits
        sns.open.set()
        assert await call == 100
