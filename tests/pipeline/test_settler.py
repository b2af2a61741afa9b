"""What is decided is made true: in the right order, in few calls, until SQS confirms it or the lease is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import LoopClock
from tests.fakes.faults import Faults
from tests.fakes.loop import START, virtual_time
from tests.fakes.queue import MemoryQueue
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.continuation import load_continuation
from worker.model.disposition import Bury, Decision, Delete, Disposition, Postpone, Replace, Rows
from worker.model.errors import BadMessageError, RefusedError, UnavailableError
from worker.model.events import AwsCallFailed, LeaseLost
from worker.model.message import JobKey, Outgoing, Publication, ReceiptHandle, text_attribute
from worker.pipeline.leases import Lease, Leases
from worker.pipeline.postponed import Postponed
from worker.pipeline.settler import Account, Ports, Settler
from worker.ports import EntryFailure

FACTS = Account(JobKey("k"), None, 3, {"target": text_attribute("FOO")})
WRONG = Bury("no such number", "131026", "recipient unknown")
SECONDS_5 = timedelta(seconds=5)
DISPOSITIONS = [Delete(), Postpone(SECONDS_5), WRONG, Replace("c1")]


class JournalledQueue(MemoryQueue):
    """Writes down each call that it gets."""

    def __init__(self, clock: LoopClock, name: str, journal: list[str]) -> None:
        super().__init__(clock)
        self._name = name
        self._journal = journal

    async def delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        self._journal.append(f"{self._name}.delete {len(receipts)}")
        return await super().delete(receipts)

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        self._journal.append(f"{self._name}.change_visibility {len(entries)}")
        return await super().change_visibility(entries)

    async def send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        self._journal.append(f"{self._name}.send {len(entries)}")
        return await super().send(entries)


class Topic:
    """Takes publications; `faults` knows the operation publish."""

    def __init__(self, journal: list[str]) -> None:
        self.faults = Faults()
        self.published: list[Publication] = []
        self._journal = journal

    async def publish(self, publications: Sequence[Publication]) -> None:
        self._journal.append(f"topic.publish {len(publications)}")
        await self.faults.meet("publish")
        self.published += publications
        self.faults.answer("publish")

    @property
    def keys(self) -> list[JobKey | None]:
        return [publication.key for publication in self.published]


class Desk:
    """A settler on fakes, its heartbeats under way."""

    def __init__(self, group: asyncio.TaskGroup, *, bucket: bool, topic: bool) -> None:
        self.clock = LoopClock()
        self.events = RecordedTelemetry()
        self.journal: list[str] = []
        self.queue = JournalledQueue(self.clock, "queue", self.journal)
        self.graves = JournalledQueue(self.clock, "graves", self.journal)
        self.topic = Topic(self.journal)
        self.blobs = MemoryBlobs()
        self.leases = Leases(
            "foo", self.queue, visibility=timedelta(seconds=60), clock=self.clock, telemetry=self.events
        )
        ports = Ports(
            self.queue,
            self.queue,
            self.graves,
            self.topic if topic else None,
            self.blobs if bucket else None,
        )
        self.postponed = Postponed(self.clock)
        self.settler = Settler(
            "foo", ports, self.leases, group, postponed=self.postponed, clock=self.clock, telemetry=self.events
        )
        self.keeping = group.create_task(self.leases.keep())

    async def hold(self, body: str = "{}", **attributes: str) -> Lease:
        """The lease of one message that was just received."""
        self.queue.put(body, **attributes)
        [message] = await self.queue.receive(1)
        return self.leases.hold(message, None)

    def lose(self, lease: Lease) -> None:
        """As a heartbeat that was refused for good would."""
        self.leases.release(lease)
        lease.lose()

    def faults_of(self, operation: str) -> tuple[Faults, str]:
        """Where an operation of the journal can be made to fail, and its name there."""
        name, _, method = operation.partition(".")
        return {"queue": self.queue, "graves": self.graves, "topic": self.topic, "blobs": self.blobs}[
            name
        ].faults, method

    def now(self) -> float:
        return asyncio.get_running_loop().time() - START


@asynccontextmanager
async def desk(*, bucket: bool = True, topic: bool = True) -> AsyncIterator[Desk]:
    async with asyncio.TaskGroup() as group:
        it = Desk(group, bucket=bucket, topic=topic)
        try:
            yield it
        finally:
            it.keeping.cancel()


@virtual_time
async def test_a_delivered_message_is_deleted() -> None:
    """Within half a second, when no others come to share the call."""
    async with desk() as it:
        lease = await it.hold()
        assert await it.settler.settle(lease, Decision(Delete()), FACTS)
        assert it.now() == pytest.approx(0.5)
    assert (len(it.queue), it.journal) == (0, ["queue.delete 1"])


@virtual_time
async def test_what_came_back_once_is_deleted_sooner() -> None:
    """It may share its receives with a message that kills the process: each moment before its delete is a risk."""
    async with desk() as it:
        lease = await it.hold()
        lease.message = replace(lease.message, receive_count=2)
        assert await it.settler.settle(lease, Decision(Delete()), FACTS)
        assert it.now() == pytest.approx(0.05)


@virtual_time
async def test_deletes_go_in_tens() -> None:
    """Twenty-five messages that are done at once cost three calls."""
    async with desk() as it:
        leases = [await it.hold() for _ in range(25)]
        done = await asyncio.gather(*(it.settler.settle(lease, Decision(Delete()), FACTS) for lease in leases))
    assert done == [True] * 25
    assert it.journal == ["queue.delete 10", "queue.delete 10", "queue.delete 5"]


@virtual_time
async def test_a_postponed_message_comes_back_after_its_delay() -> None:
    """By its visibility; nothing is sent or deleted."""
    async with desk() as it:
        lease = await it.hold()
        assert await it.settler.settle(lease, Decision(Postpone(SECONDS_5)), FACTS)
        written = it.now()
        [again] = await it.queue.receive(1)
        assert it.now() == pytest.approx(written + 5)
    assert again.receive_count == 2
    assert it.journal == ["queue.change_visibility 1"]


@virtual_time
async def test_postponed_messages_share_their_calls() -> None:
    """A storm of throttles costs a tenth of a call for each."""
    async with desk() as it:
        leases = [await it.hold() for _ in range(20)]
        decision = Decision(Postpone(SECONDS_5))
        await asyncio.gather(*(it.settler.settle(lease, decision, FACTS) for lease in leases))
    assert it.journal == ["queue.change_visibility 10"] * 2


@virtual_time
async def test_a_backoff_is_the_last_word_on_a_visibility() -> None:
    """A heartbeat that is in the air when the message is postponed is waited for, and none follows."""
    async with desk() as it:
        lease = await it.hold()
        answered = it.queue.faults.hold("change_visibility")
        await asyncio.sleep(31)
        settling = asyncio.create_task(it.settler.settle(lease, Decision(Postpone(SECONDS_5)), FACTS))
        await asyncio.sleep(1)
        assert it.journal == ["queue.change_visibility 1"]
        answered.set()
        assert await settling
        written = it.now()
        await it.queue.receive(1)
        assert it.now() == pytest.approx(written + 5)
    assert it.journal == ["queue.change_visibility 1"] * 2


@virtual_time
async def test_a_rejected_message_is_buried_with_the_reason() -> None:
    """Body, attributes and key as they were, and one attribute that says why; then the original is deleted."""
    async with desk() as it:
        lease = await it.hold('{"a": 1}', target="FOO", sluice_key="k")
        assert await it.settler.settle(lease, Decision(WRONG), FACTS)
    [dead] = it.graves.stored
    attributes = {name: attribute.text for name, attribute in dead.outgoing.attributes.items()}
    assert dead.outgoing.body == '{"a": 1}'
    assert json.loads(attributes.pop("sluice-burial")) == {
        "reason": "no such number",
        "code": "131026",
        "vendor": "foo",
        "attempts": 3,
        "first_seen": lease.message.sent_at.isoformat(timespec="milliseconds"),
        "last_error": "recipient unknown",
    }
    assert attributes == {"target": "FOO", "sluice-key": "k"}
    assert it.journal == ["graves.send 1", "queue.delete 1"]
    assert not len(it.queue)


@virtual_time
async def test_a_continuation_takes_the_messages_place() -> None:
    """The same body under the same key, with the cursor and the failures so far; sent before the delete."""
    async with desk() as it:
        lease = await it.hold('{"a": 1}')
        assert await it.settler.settle(lease, Decision(Replace("c1", SECONDS_5)), FACTS)
        [message] = await it.queue.receive(1)
        assert it.now() >= 5
    continuation = load_continuation(message.attributes["sluice-continuation"].text)
    assert (continuation.cursor, continuation.failures, continuation.due) == ("c1", 3, None)
    assert (message.body, message.attributes["sluice-key"].text) == ('{"a": 1}', "k")
    assert it.journal == ["queue.send 1", "queue.delete 1"]


@pytest.mark.parametrize("delay", [timedelta(minutes=15), timedelta(minutes=15, seconds=1), timedelta(hours=3)])
@virtual_time
async def test_a_delay_beyond_sqs_s_fifteen_minutes_is_in_the_continuation(delay: timedelta) -> None:
    """It comes after fifteen minutes and says when it is due."""
    async with desk() as it:
        lease = await it.hold()
        due = it.clock.now() + delay
        assert await it.settler.settle(lease, Decision(Replace("c1", delay)), FACTS)
    [stored] = it.queue.stored
    continuation = load_continuation(stored.outgoing.attributes["sluice-continuation"].text)
    assert stored.outgoing.delay == timedelta(minutes=15)
    assert continuation.due == (None if delay == timedelta(minutes=15) else due)


@virtual_time
async def test_rows_that_go_on_stand_for_themselves() -> None:
    """Their body, the job's attributes and key; nothing of the original's pointer."""
    async with desk() as it:
        lease = await it.hold("a pointer", ExtendedPayloadSize="9", target="outside")
        assert await it.settler.settle(lease, Decision(Replace(None, body="[2]")), FACTS)
    [stored] = it.queue.stored
    assert stored.outgoing.body == "[2]"
    assert set(stored.outgoing.attributes) == {"sluice-key", "sluice-continuation", "target"}
    assert stored.outgoing.attributes["target"].text == "FOO"


@virtual_time
async def test_rejected_rows_are_buried_and_the_rest_goes_on() -> None:
    """Each with its own reason, before the replacement and the delete."""
    async with desk() as it:
        lease = await it.hold("[1, 2]")
        buried = (Rows("[1]", WRONG), Rows("[3]", Bury("too old", "stale")))
        assert await it.settler.settle(lease, Decision(Replace(None, body="[2]"), buried=buried), FACTS)
    assert it.graves.bodies == ["[1]", "[3]"]
    codes = [json.loads(stored.outgoing.attributes["sluice-burial"].text)["code"] for stored in it.graves.stored]
    assert codes == ["131026", "stale"]
    assert it.queue.bodies == ["[2]"]
    assert it.journal == ["graves.send 1", "graves.send 1", "queue.send 1", "queue.delete 1"]


@pytest.mark.parametrize(
    ("disposition", "calls"),
    [
        (Delete(), ["queue.delete 1"]),
        (Postpone(SECONDS_5), ["queue.change_visibility 1"]),
        (WRONG, ["graves.send 1", "queue.delete 1"]),
        (Replace("c1"), ["queue.send 1", "queue.delete 1"]),
    ],
)
@virtual_time
async def test_what_follows_goes_out_before_anything_is_given_up(disposition: Disposition, calls: list[str]) -> None:
    """Publications first, then the burial of rows, then copies, then the delete: a death between loses nothing."""
    async with desk() as it:
        lease = await it.hold()
        decision = Decision(disposition, (Publication("a"), Publication("b")), (Rows("[1]", WRONG),))
        assert await it.settler.settle(lease, decision, FACTS)
    assert it.journal == ["topic.publish 2", "graves.send 1", *calls]


@virtual_time
async def test_a_derived_key_is_the_same_on_every_attempt() -> None:
    """From the parent's key, its cursor and the place in the list; a key of its own is kept."""
    async with desk() as it:
        lease = await it.hold()
        publications = (Publication("a"), Publication("b"), Publication("c", key=JobKey("own")))
        for _ in range(2):
            assert await it.settler.publish(lease, publications, FACTS)
    assert it.topic.keys == [JobKey("k:0"), JobKey("k:1"), JobKey("own")] * 2


@virtual_time
async def test_a_derived_key_differs_by_cursor() -> None:
    """Each round of a long job publishes other messages; a cursor that looks like a part of the key is told apart."""
    parents = [
        Account(JobKey("k"), None, 0),
        Account(JobKey("k"), "c1", 0),
        Account(JobKey("k"), "c2", 0),
        Account(JobKey("k:c1"), None, 0),
        Account(JobKey("k"), "", 0),
    ]
    async with desk() as it:
        lease = await it.hold()
        for facts in parents:
            assert await it.settler.publish(lease, (Publication("a"),), facts)
    assert len(set(it.topic.keys)) == len(parents)


@pytest.mark.parametrize("cursor", ["\x00", "\udc80", "ž" * 100_000])
@virtual_time
async def test_a_derived_key_is_one_that_sns_takes(cursor: str) -> None:
    """Whatever a vendor's cursor looks like, the key is short and plain."""
    async with desk() as it:
        lease = await it.hold()
        assert await it.settler.publish(lease, (Publication("a"),), Account(JobKey("k"), cursor, 0))
    [key] = it.topic.keys
    assert key is not None
    assert (len(key) < 30, key.isascii(), key.isprintable()) == (True, True, True)


@virtual_time
async def test_nothing_to_publish_is_published_at_once() -> None:
    """No call, no topic needed."""
    async with desk(topic=False) as it:
        assert await it.settler.publish(await it.hold(), (), FACTS)


@virtual_time
async def test_a_publication_without_a_topic_is_told() -> None:
    """Nothing is settled: the caller decides what becomes of the message."""
    async with desk(topic=False) as it:
        lease = await it.hold()
        with pytest.raises(BadMessageError, match="no topic"):
            await it.settler.settle(lease, Decision(Delete(), (Publication("a"),)), FACTS)
    assert not it.journal


@virtual_time
async def test_a_publication_that_can_never_be_is_told() -> None:
    """A topic that is not in the topology: tried once, and nothing is settled."""
    async with desk() as it:
        lease = await it.hold()
        it.topic.faults.fail_next("publish", BadMessageError("no such topic", code="topic"))
        with pytest.raises(BadMessageError, match="no such topic"):
            await it.settler.settle(lease, Decision(Delete(), (Publication("a"),)), FACTS)
    assert it.journal == ["topic.publish 1"]


OPERATIONS = [
    ("queue.delete", Decision(Delete()), "DeleteMessageBatch"),
    ("queue.delete", Decision(WRONG), "DeleteMessageBatch"),
    ("queue.change_visibility", Decision(Postpone(SECONDS_5)), "ChangeMessageVisibilityBatch"),
    ("graves.send", Decision(WRONG), "SendMessageBatch"),
    ("queue.send", Decision(Replace("c1")), "SendMessageBatch"),
    ("graves.send", Decision(Delete(), buried=(Rows("[1]", WRONG),)), "SendMessageBatch"),
]
CALLS = [
    *OPERATIONS,
    ("topic.publish", Decision(Delete(), (Publication("a"),)), "Publish"),
    ("blobs.put", Decision(WRONG), "PutObject"),
]
LARGE = "x" * 1_048_500  # with a burial it is more than SQS takes


@pytest.mark.parametrize(("operation", "decision", "told"), CALLS)
@pytest.mark.parametrize("error", [UnavailableError("away", code="Away"), RefusedError("denied", code="Away")])
@virtual_time
async def test_a_call_that_fails_is_repeated_until_it_is_confirmed(
    operation: str, decision: Decision, told: str, error: Exception
) -> None:
    """Longer than a visibility timeout, for the heartbeats go on; each failure is told."""
    async with desk() as it:
        lease = await it.hold(LARGE if operation == "blobs.put" else "{}")
        faults, method = it.faults_of(operation)
        faults.fail_next(method, error, times=5)
        assert await it.settler.settle(lease, decision, FACTS)
    failed = [event for event in it.events.of(AwsCallFailed) if event.operation == told]
    assert [(event.error, event.entries) for event in failed] == [("Away", 1)] * 5
    assert faults.calls[method] == 6


@pytest.mark.parametrize(("operation", "decision", "told"), OPERATIONS)
@virtual_time
async def test_an_entry_that_fails_is_repeated_until_it_is_confirmed(
    operation: str, decision: Decision, told: str
) -> None:
    """The call succeeded and the entry did not."""
    async with desk() as it:
        lease = await it.hold()
        faults, method = it.faults_of(operation)
        faults.fail_next(method, "InternalError", times=3)
        assert await it.settler.settle(lease, decision, FACTS)
    assert faults.calls[method] == 4
    assert [(event.operation, event.error) for event in it.events.of(AwsCallFailed)] == [(told, "InternalError")] * 3


@pytest.mark.parametrize(("operation", "decision", "told"), CALLS)
@virtual_time
async def test_a_call_whose_answer_is_lost_is_repeated(operation: str, decision: Decision, told: str) -> None:
    """It may have been carried out or not: a duplicate is better than a loss."""
    async with desk() as it:
        lease = await it.hold(LARGE if operation == "blobs.put" else "{}")
        faults, method = it.faults_of(operation)
        faults.lose_next(method)
        assert await it.settler.settle(lease, decision, FACTS)
    assert faults.calls[method] == 2
    assert [event.operation for event in it.events.of(AwsCallFailed)] == [told]


@virtual_time
async def test_a_settle_outlasts_the_visibility() -> None:
    """SQS does not take deletes for ten minutes: the message stays ours, and is deleted once."""
    async with desk() as it:
        lease = await it.hold()
        settling = asyncio.create_task(it.settler.settle(lease, Decision(Delete()), FACTS))
        it.queue.faults.fail_next("delete", UnavailableError("away"), times=10_000)
        await asyncio.sleep(600)
        assert (it.queue.in_flight, settling.done()) == (1, False)
        it.queue.faults._next["delete"].clear()
        assert await settling
    assert it.queue.stored == ()
    assert it.queue.calls["delete"] < 200  # not more often than every few seconds


@pytest.mark.parametrize(("operation", "decision", "_told"), CALLS)
@virtual_time
async def test_nothing_more_is_said_once_the_lease_is_lost(operation: str, decision: Decision, _told: str) -> None:
    """The message may be somebody else's: no further try, no later step, and the caller is told."""
    async with desk() as it:
        lease = await it.hold(LARGE if operation == "blobs.put" else "{}")
        faults, method = it.faults_of(operation)
        faults.fail_next(method, UnavailableError("away"), times=1000)
        settling = asyncio.create_task(it.settler.settle(lease, decision, FACTS))
        await asyncio.sleep(1)
        it.lose(lease)
        tried, said = faults.calls[method], list(it.journal)
        assert tried
        assert not await settling
        assert (faults.calls[method], it.journal) == (tried, said)
    assert len(it.queue) == 1


@pytest.mark.parametrize("disposition", DISPOSITIONS)
@virtual_time
async def test_a_lease_that_is_lost_already_costs_no_call(disposition: Disposition) -> None:
    """Nothing at all is said about that message."""
    async with desk() as it:
        lease = await it.hold()
        it.lose(lease)
        decision = Decision(disposition, (Publication("a"),), (Rows("[1]", WRONG),))
        assert not await it.settler.settle(lease, decision, FACTS)
        assert not await it.settler.settle(lease, Decision(disposition), FACTS)
    assert not it.journal


@virtual_time
async def test_a_disposition_that_is_none_is_told() -> None:
    """The union is closed: another value is a bug of ours, and deletes nothing."""
    async with desk() as it:
        lease = await it.hold()
        with pytest.raises(AssertionError):
            await it.settler.settle(lease, Decision("Delete"), FACTS)  # type: ignore[arg-type]  # the point
    assert len(it.queue) == 1


@virtual_time
async def test_a_lease_that_ends_unnoticed_is_not_settled_either() -> None:
    """By the clock: the process was stalled, and no heartbeat has told yet."""
    async with desk() as it:
        it.queue.put("{}")
        [message] = await it.queue.receive(1)
        lease = it.leases.hold(replace(message, held_from=START - 59), None)
        it.keeping.cancel()
        await asyncio.sleep(2)
        assert not await it.settler.settle(lease, Decision(WRONG), FACTS)
    assert (it.journal, it.events.of(LeaseLost)) == ([], [])


@virtual_time
async def test_a_receipt_that_is_refused_for_good_ends_that_message_only() -> None:
    """The others of its call are confirmed; nothing is repeated."""
    async with desk() as it:
        good, bad = await it.hold(), await it.hold()
        forged = it.leases.hold(replace(bad.message, receipt=ReceiptHandle("forged")), None)
        settle = it.settler.settle
        done = await asyncio.gather(*(settle(lease, Decision(Delete()), FACTS) for lease in (forged, good)))
        it.leases.release(forged)
    assert done == [False, True]
    assert it.journal == ["queue.delete 2"]
    assert [event.error for event in it.events.of(AwsCallFailed)] == ["ReceiptHandleIsInvalid"]


@virtual_time
async def test_only_what_is_not_confirmed_is_repeated() -> None:
    """And a lease that is lost in between drops out of its call."""
    async with desk() as it:
        leases = [await it.hold() for _ in range(3)]
        it.queue.faults.fail_next("delete", "InternalError")
        done = asyncio.gather(*(it.settler.settle(lease, Decision(Delete()), FACTS) for lease in leases))
        await asyncio.sleep(0.55)
        it.lose(leases[1])
        assert await done == [True, False, True]
    assert it.journal == ["queue.delete 3", "queue.delete 2"]
    assert len(it.queue) == 1


@pytest.mark.parametrize("disposition", DISPOSITIONS)
@virtual_time
async def test_a_cancelled_settle_ends_only_when_sqs_has_confirmed_it(disposition: Disposition) -> None:
    """What is decided is made true, however often its caller is cancelled; the cancellation counts thereafter."""
    ends = []

    async def deliver() -> None:
        ends.append(await it.settler.settle(lease, Decision(disposition, (Publication("a"),)), FACTS))
        await asyncio.sleep(0)

    async with desk() as it:
        lease = await it.hold()
        answered = it.topic.faults.hold("publish")
        delivering = asyncio.create_task(deliver())
        for _ in range(3):
            await asyncio.sleep(1)
            delivering.cancel()
        await asyncio.sleep(1)
        assert not delivering.done()
        answered.set()
        await asyncio.wait([delivering])
        assert (ends, delivering.cancelled()) == ([True], True)
        assert not await it.queue.receive(1) or isinstance(disposition, Postpone | Replace)
    assert lease.message.id not in {stored.id for stored in it.queue.stored if stored.receives == 1}


@virtual_time
async def test_a_cancelled_delete_is_confirmed_too() -> None:
    """The short way of a plain delivery."""
    async with desk() as it:
        lease = await it.hold()
        answered = it.queue.faults.hold("delete")
        delivering = asyncio.create_task(it.settler.settle(lease, Decision(Delete()), FACTS))
        await asyncio.sleep(1)
        delivering.cancel()
        await asyncio.sleep(1)
        assert not delivering.done()
        answered.set()
        await asyncio.wait([delivering])
    assert not len(it.queue)


@pytest.mark.parametrize("disposition", [WRONG, Replace("c1")])
@virtual_time
async def test_a_copy_that_cannot_be_made_leaves_the_message(disposition: Disposition) -> None:
    """Too large with our attribute, and no bucket: it is told, and the original stays in the queue."""
    async with desk(bucket=False) as it:
        lease = await it.hold(LARGE)
        assert not await it.settler.settle(lease, Decision(disposition), FACTS)
    assert (it.journal, len(it.queue), len(it.graves)) == ([], 1, 0)
    assert it.events.of(AwsCallFailed) == [AwsCallFailed("foo", "PutObject", "size", 1)]


@virtual_time
async def test_rows_that_cannot_be_buried_leave_the_message() -> None:
    """Nothing after them is done."""
    async with desk(bucket=False) as it:
        lease = await it.hold()
        rows = (Rows(LARGE, WRONG),)
        assert not await it.settler.settle(lease, Decision(Replace("c1"), buried=rows), FACTS)
    assert (it.journal, len(it.queue)) == ([], 1)


@pytest.mark.parametrize(("disposition", "call"), [(WRONG, "graves.send 1"), (Replace("c1"), "queue.send 1")])
@virtual_time
async def test_a_call_holds_no_more_than_a_mebibyte(disposition: Disposition, call: str) -> None:
    """SQS counts all messages of a call together: three large ones at once are three calls."""
    async with desk() as it:
        leases = [await it.hold("x" * 600_000) for _ in range(3)]
        done = await asyncio.gather(*(it.settler.settle(lease, Decision(disposition), FACTS) for lease in leases))
    assert done == [True] * 3
    assert it.journal.count(call) == 3
    assert not it.events.of(AwsCallFailed)


@virtual_time
async def test_small_copies_share_their_calls() -> None:
    """Ten burials are one send and one delete."""
    async with desk() as it:
        leases = [await it.hold() for _ in range(10)]
        await asyncio.gather(*(it.settler.settle(lease, Decision(WRONG), FACTS) for lease in leases))
    assert it.journal == ["graves.send 10", "queue.delete 10"]
