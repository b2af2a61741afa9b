"""What is held stays ours by heartbeats, is given up in time when it does not, and is left alone once released."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, virtual_time
from tests.fakes.queue import MemoryQueue
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.errors import UnavailableError
from worker.model.events import AwsCallFailed, LeaseLost
from worker.model.message import Message, ReceiptHandle
from worker.pipeline.leases import Leases
from worker.ports import EntryFailure

VISIBILITY = 60.0  # seconds
MARGIN = 0.25  # seconds before the end at which a lease is given up
HOUR = 3600.0


class NotedQueue(MemoryQueue):
    """Notes when heartbeats are begun, and for which receipts."""

    def __init__(self, clock: LoopClock, *, visibility: timedelta) -> None:
        super().__init__(clock, visibility=visibility)
        self.beats: list[tuple[float, list[ReceiptHandle]]] = []
        self.hang = 0  # so many calls get no answer, ever

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        self.beats.append((asyncio.get_running_loop().time() - START, [receipt for receipt, _ in entries]))
        if self.hang:
            self.hang -= 1
            await asyncio.get_running_loop().create_future()
        return await super().change_visibility(entries)

    @property
    def beat_times(self) -> list[float]:
        return [at for at, _ in self.beats]


class Hand:
    """A queue, its leases, and who holds a message: a task that only a lost lease ends."""

    def __init__(self, visibility: float = VISIBILITY) -> None:
        self.clock = LoopClock()
        self.events = RecordedTelemetry()
        self.queue = NotedQueue(self.clock, visibility=timedelta(seconds=visibility))
        self.leases = Leases(
            "foo", self.queue, visibility=timedelta(seconds=visibility), clock=self.clock, telemetry=self.events
        )

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """With the heartbeats under way."""
        task = asyncio.create_task(self.leases.keep())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def receive(self, count: int = 1) -> Sequence[Message]:
        """So many messages (at most ten) that are there at once."""
        self.queue.put(*["{}"] * count)
        return await self.queue.receive(count)

    def now(self) -> float:
        return asyncio.get_running_loop().time() - START


async def holding() -> None:
    await asyncio.get_running_loop().create_future()


@virtual_time
async def test_a_lease_is_renewed_at_half_of_what_remains() -> None:
    """Thirty seconds into sixty, again and again, however long the message is held."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        await asyncio.sleep(100)
        assert hand.leases.alive(lease)
    half = (VISIBILITY - MARGIN) / 2
    assert hand.queue.beat_times == pytest.approx([half, 2 * half, 3 * half])
    assert hand.queue.in_flight == 1


@virtual_time
async def test_a_lease_counts_from_before_the_receive() -> None:
    """Of a long poll's twenty seconds it is not known when SQS handed the message out: all of them count."""
    hand = Hand()
    receiving = asyncio.create_task(hand.queue.receive(1))
    await asyncio.sleep(15)
    hand.queue.put("{}")
    [message] = await receiving
    lease = hand.leases.hold(message, None)
    await asyncio.sleep(VISIBILITY - 15 - MARGIN - 0.01)
    assert hand.leases.alive(lease)
    await asyncio.sleep(0.01)
    assert not hand.leases.alive(lease)
    assert hand.queue.in_flight == 1  # SQS's own count began later


@virtual_time
async def test_a_renewed_lease_counts_from_before_the_heartbeat() -> None:
    """What a slow heartbeat gives begins when it was sent, not when it was answered."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        answered = hand.queue.faults.hold("change_visibility")
        await asyncio.sleep(40)
        answered.set()
        await asyncio.sleep(0.1)
    [begun] = hand.queue.beat_times
    assert lease.expires - START == pytest.approx(begun + VISIBILITY - MARGIN)


@virtual_time
async def test_heartbeats_go_in_tens_the_nearest_to_its_end_first() -> None:
    """Twenty-five that are due at once are three calls, in the order of their ends."""
    hand = Hand()
    messages = [*await hand.receive(10), *await hand.receive(10), *await hand.receive(5)]
    aged = [replace(message, held_from=START - (n * 7) % 25) for n, message in enumerate(messages)]
    for message in aged:
        hand.leases.hold(message, None)
    await asyncio.sleep(30)  # all are due, as after a stall of the loop
    async with hand.keeping():
        await asyncio.sleep(0.1)
    oldest_first = [m.receipt for m in sorted(aged, key=lambda m: m.held_from)]
    assert [receipts for _, receipts in hand.queue.beats] == [
        oldest_first[:10],
        oldest_first[10:20],
        oldest_first[20:],
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda queue: queue.faults.fail_next("change_visibility", UnavailableError("away"), times=4),
        lambda queue: queue.faults.fail_next("change_visibility", "InternalError", times=4),
        lambda queue: queue.faults.lose_next("change_visibility", times=4),
    ],
    ids=["errors", "entries", "answers"],
)
@virtual_time
async def test_a_failed_heartbeat_is_tried_again_within_the_lease(spoil: Callable[[NotedQueue], None]) -> None:
    """At half of what then remains: errors, refused entries and lost answers end no lease that lives."""
    hand = Hand()
    spoil(hand.queue)
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        await asyncio.sleep(100)
        assert hand.leases.alive(lease)
    remains = [VISIBILITY - MARGIN - at for at in hand.queue.beat_times[:5]]
    assert remains == pytest.approx([(VISIBILITY - MARGIN) / 2**n for n in range(1, 6)])
    assert [event.entries for event in hand.events.of(AwsCallFailed)] == [1] * 4
    assert not hand.events.of(LeaseLost)


@virtual_time
async def test_who_comes_late_asks_for_twice_the_time() -> None:
    """After two heartbeats that failed less than a quarter is left: the third asks for more, the fourth need not."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        hand.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=2)
        lease = hand.leases.hold(message, None)
        await hand_beats(hand, 3)
        assert lease.expires - hand.queue.beats[-1][0] - START == pytest.approx(2 * VISIBILITY - MARGIN)
        await hand_beats(hand, 4)
        assert lease.expires - hand.queue.beats[-1][0] - START == pytest.approx(VISIBILITY - MARGIN)


async def hand_beats(hand: Hand, count: int) -> None:
    while len(hand.queue.beats) < count:  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0.1)
    await asyncio.sleep(0)


@virtual_time
async def test_tries_are_no_closer_than_a_quarter_of_a_second() -> None:
    """A SQS that is away is not hammered as the lease comes to its end."""
    hand = Hand()
    hand.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=100)
    async with hand.keeping():
        [message] = await hand.receive()
        hand.leases.hold(message, None)
        await asyncio.sleep(VISIBILITY)
    gaps = [later - at for at, later in zip(hand.queue.beat_times, hand.queue.beat_times[1:], strict=False)]
    assert min(gaps) >= 0.249
    assert len(gaps) < 10


@virtual_time
async def test_a_lease_that_cannot_be_renewed_is_lost_before_its_visibility_ends() -> None:
    """Its delivery is cancelled with the cause, and it is told, while nobody else can have the message yet."""
    hand = Hand()
    hand.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=100)
    async with hand.keeping():
        [message] = await hand.receive()
        holder = asyncio.create_task(holding())
        lease = hand.leases.hold(message, holder)
        with pytest.raises(asyncio.CancelledError, match="lease lost"):
            await holder
    assert VISIBILITY - 1 < hand.now() < VISIBILITY
    assert (lease.lost, hand.leases.alive(lease), hand.queue.in_flight) == (True, False, 1)
    assert hand.events.of(LeaseLost) == [LeaseLost("foo", message.id)]


@virtual_time
async def test_a_receipt_that_is_not_valid_any_more_is_lost_alone() -> None:
    """One entry of a heartbeat is refused for good: its delivery ends, the others of that call go on."""
    hand = Hand()
    async with hand.keeping():
        messages = await hand.receive(3)
        holders = [asyncio.create_task(holding()) for _ in messages]
        leases = [hand.leases.hold(m, holder) for m, holder in zip(messages, holders, strict=True)]
        hand.queue.expire(messages[1].receipt)
        await asyncio.sleep(31)
        assert [holder.cancelled() for holder in holders] == [False, True, False]
        assert [hand.leases.alive(lease) for lease in leases] == [True, False, True]
        assert [event.message_id for event in hand.events.of(LeaseLost)] == [messages[1].id]
        await asyncio.sleep(100)
        assert hand.queue.in_flight == 2
        for holder in holders:
            holder.cancel()
    assert messages[1].receipt not in hand.queue.beats[-1][1]


@virtual_time
async def test_a_message_that_comes_too_late_is_lost_at_once() -> None:
    """Received in a poll that took longer than the visibility: it may be somebody else's already."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(replace(message, held_from=START - VISIBILITY), None)
        assert not hand.leases.alive(lease)
        await asyncio.sleep(0.1)
    assert hand.events.of(LeaseLost) == [LeaseLost("foo", message.id)]
    assert not hand.queue.beats


@virtual_time
async def test_a_message_of_a_long_poll_is_renewed_before_those_that_are_due_later() -> None:
    """It came with less of its visibility left than what was held before: the heartbeat wakes up sooner for it."""
    hand = Hand()
    async with hand.keeping():
        early, late = await hand.receive(2)
        hand.leases.hold(early, None)
        await asyncio.sleep(1)
        hand.leases.hold(replace(late, held_from=START - 20), None)
        await asyncio.sleep(25)
    due = (VISIBILITY - MARGIN) / 2 - 20
    assert next((at, receipts) for at, receipts in hand.queue.beats if late.receipt in receipts) == (
        pytest.approx(due),
        [late.receipt],
    )


@virtual_time
async def test_a_message_that_is_due_later_waits_for_its_own_time() -> None:
    """Each is renewed at half of what remains to itself."""
    hand = Hand()
    async with hand.keeping():
        first, second = await hand.receive(2)
        hand.leases.hold(first, None)
        await asyncio.sleep(10)
        hand.leases.hold(replace(second, held_from=START + 10), None)
        await asyncio.sleep(40)
    half = (VISIBILITY - MARGIN) / 2
    assert hand.queue.beats == [(pytest.approx(half), [first.receipt]), (pytest.approx(half + 10), [second.receipt])]


@virtual_time
async def test_a_heartbeat_without_an_answer_is_given_up_and_tried_again() -> None:
    """A call that hangs takes half of what remains, not all of it: there is time for the next, and one more."""
    hand = Hand()
    hand.queue.hang = 2
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        await asyncio.sleep(100)
        assert hand.leases.alive(lease)
    assert [event.error for event in hand.events.of(AwsCallFailed)] == ["TimeoutError"] * 2
    assert hand.queue.in_flight == 1


@virtual_time
async def test_a_call_that_hangs_does_not_cost_another_lease() -> None:
    """While it does, a message comes from a long poll with little of its visibility left: it is renewed in time."""
    hand = Hand(visibility=30)
    hand.queue.hang = 1
    async with hand.keeping():
        first, second = await hand.receive(2)
        hand.leases.hold(first, None)
        await asyncio.sleep(15)
        lease = hand.leases.hold(replace(second, held_from=START - 5), None)
        await asyncio.sleep(60)
        assert hand.leases.alive(lease)
    assert not hand.events.of(LeaseLost)


@virtual_time
async def test_silence_waits_for_the_heartbeat_in_the_air() -> None:
    """So the visibility that is written next is SQS's last word."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        answered = hand.queue.faults.hold("change_visibility")
        await asyncio.sleep(32)
        silence = asyncio.create_task(hand.leases.silence(lease))
        await asyncio.sleep(1)
        assert (len(hand.queue.beats), silence.done()) == (1, False)
        answered.set()
        await silence
        await hand.queue.change_visibility([(message.receipt, timedelta(seconds=5))])
        await asyncio.sleep(4.9)
        assert hand.queue.in_flight == 1
        await asyncio.sleep(0.2)
    assert hand.queue.in_flight == 0
    assert len(hand.queue.beats) == 2


@pytest.mark.parametrize("turns", range(6))
@virtual_time
async def test_no_heartbeat_is_begun_after_silence(turns: int) -> None:
    """Not even one that fell due in the very turn of the loop in which the lease is silenced."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        lease = hand.leases.hold(message, None)
        await asyncio.sleep(lease.due - asyncio.get_running_loop().time())
        for _ in range(turns):
            await asyncio.sleep(0)
        await hand.leases.silence(lease)
        begun = len(hand.queue.beats)
        await asyncio.sleep(HOUR)
    assert len(hand.queue.beats) == begun


@virtual_time
async def test_silence_without_a_heartbeat_in_the_air_waits_for_nothing() -> None:
    """It is released, and the time stands still."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        await hand.leases.silence(hand.leases.hold(message, None))
        assert hand.now() == 0
        await asyncio.sleep(HOUR)
    assert not hand.queue.beats


@virtual_time
async def test_a_release_ends_the_heartbeats_of_that_lease_only() -> None:
    """What is settled is left alone; what is still held goes on."""
    hand = Hand()
    async with hand.keeping():
        settled, held = await hand.receive(2)
        lease = hand.leases.hold(settled, None)
        hand.leases.hold(held, None)
        await asyncio.sleep(31)
        hand.leases.release(lease)
        await asyncio.sleep(31)
    assert [len(receipts) for _, receipts in hand.queue.beats] == [2, 1]
    assert not hand.events.of(LeaseLost)


@virtual_time
async def test_a_lease_released_meanwhile_is_not_lost() -> None:
    """A heartbeat that is refused because its message was deleted in the meantime alarms nobody."""
    hand = Hand()
    async with hand.keeping():
        [message] = await hand.receive()
        holder = asyncio.create_task(holding())
        lease = hand.leases.hold(message, holder)
        answered = hand.queue.faults.hold("change_visibility")
        await asyncio.sleep(31)
        await hand.queue.delete([message.receipt])
        hand.leases.release(lease)
        answered.set()
        await asyncio.sleep(1)
        assert not holder.done()
        holder.cancel()
    assert not hand.events.of(LeaseLost)


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.9])
@virtual_time
async def test_no_lease_goes_beyond_twelve_hours_from_its_receive(offset: float) -> None:
    """SQS refuses a visibility beyond that: some seconds before, the delivery is ended; at the end the lease is."""
    hand = Hand()
    await asyncio.sleep(offset)
    async with hand.keeping():
        [message] = await hand.receive()
        holder = asyncio.create_task(holding())
        hand.leases.hold(message, holder)
        with suppress(asyncio.CancelledError):
            await holder
        assert 12 * HOUR - 31 < hand.now() - offset < 12 * HOUR - 10
        assert not hand.events.of(LeaseLost)
        await asyncio.sleep(31)
    assert not hand.events.of(AwsCallFailed)
    assert len(hand.events.of(LeaseLost)) == 1


@virtual_time
async def test_nothing_held_costs_nothing() -> None:
    """No call is made and no turn of the loop is spent: the virtual clock would stand still if it were."""
    hand = Hand()
    async with hand.keeping():
        await asyncio.sleep(24 * HOUR)
        [message] = await hand.receive()
        hand.leases.release(hand.leases.hold(message, None))
        await asyncio.sleep(24 * HOUR)
    assert not hand.queue.beats
