"""What Queue and Outbox promise, in memory and on SQS."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.contracts.conftest import Line
from worker.model.errors import RefusedError
from worker.model.message import NOTHING, Attribute, Outgoing, ReceiptHandle, text_attribute
from worker.ports import EntryFailure

SECOND = timedelta(seconds=1)  # SQS counts whole seconds: the least that a wait on the emulator takes


def outgoing(body: str) -> Outgoing:
    return Outgoing(body, {})


async def test_what_is_sent_is_received(line: Line) -> None:
    """Body, attributes of every type and group come back as they were sent."""
    attributes = {
        "sluice-key": text_attribute("k-1"),
        "count": Attribute("Number", "7"),
        "raw": Attribute("Binary", b"\x00\xff"),
        "price": Attribute("Number.euro", "1.5"),
    }
    assert not await line.outbox.send([Outgoing("grüße 👋", attributes, group="tenant-1")])
    (message,) = await line.queue.receive(10)
    assert (message.body, message.attributes, message.group) == ("grüße 👋", attributes, "tenant-1")


async def test_a_message_tells_its_receive_count_and_when_it_is_held_from(line: Line) -> None:
    """The first receive counts one; the lease counts from before the call."""
    before = asyncio.get_running_loop().time()
    await line.outbox.send([outgoing("one")])
    (message,) = await line.queue.receive(1)
    assert message.receive_count == 1
    assert before <= message.held_from <= asyncio.get_running_loop().time()
    assert message.sent_at.tzinfo is not None


async def test_a_receive_returns_at_most_the_limit(line: Line) -> None:
    """Three of five, then the other two."""
    await line.outbox.send([outgoing(str(n)) for n in range(5)])
    first = await line.queue.receive(3)
    rest = await line.queue.receive(10)
    assert len(first) <= 3
    assert {m.body for m in [*first, *rest]} == set("01234")


async def test_an_empty_queue_answers_with_nothing_after_its_wait(polled_line: Line) -> None:
    """A long poll that finds nothing is no error; it takes its one second."""
    began = asyncio.get_running_loop().time()
    assert not await polled_line.queue.receive(10)
    assert asyncio.get_running_loop().time() - began >= 0.9


async def test_a_waiting_receive_gets_what_is_sent_meanwhile(polled_line: Line) -> None:
    """A long poll returns as soon as there is a message."""
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(polled_line.queue.receive(10))
        await asyncio.sleep(0)
        await polled_line.outbox.send([outgoing("late")])
    assert [m.body for m in waiting.result()] == ["late"]


async def test_a_held_message_is_not_handed_out_again(line: Line) -> None:
    """Within its visibility timeout nobody else gets it."""
    await line.outbox.send([outgoing("one")])
    assert await line.queue.receive(10)
    assert not await line.queue.receive(10)


async def test_a_deleted_message_does_not_come_back(line: Line) -> None:
    """Handed back and deleted by its receipt, it is gone."""
    await line.outbox.send([outgoing("one")])
    (message,) = await line.queue.receive(10)
    await line.queue.change_visibility([(message.receipt, NOTHING)])
    assert not await line.queue.delete([message.receipt])
    assert not await line.queue.receive(10)


async def test_a_message_handed_back_is_received_again_at_once(line: Line) -> None:
    """Visibility 0 gives it back; the next receive counts two and has another receipt."""
    await line.outbox.send([outgoing("one")])
    (first,) = await line.queue.receive(10)
    assert not await line.queue.change_visibility([(first.receipt, NOTHING)])
    (again,) = await line.queue.receive(10)
    assert (again.id, again.receive_count) == (first.id, 2)
    assert again.receipt != first.receipt


async def test_a_part_of_a_second_counts_as_one(polled_line: Line) -> None:
    """A backoff of 10 ms is not 0: it is rounded up, so that the message stays hidden for a second."""
    await polled_line.outbox.send([outgoing("one")])
    (message,) = await polled_line.queue.receive(10)
    began = asyncio.get_running_loop().time()
    await polled_line.queue.change_visibility([(message.receipt, timedelta(milliseconds=10))])
    while not await polled_line.queue.receive(10):
        pass
    assert asyncio.get_running_loop().time() - began >= 0.8


async def test_a_delayed_message_is_hidden_for_its_delay(polled_line: Line) -> None:
    """It is not there at once, and there after its second."""
    began = asyncio.get_running_loop().time()
    assert not await polled_line.outbox.send([Outgoing("later", {}, delay=SECOND)])
    while not await polled_line.queue.receive(10):
        pass
    assert asyncio.get_running_loop().time() - began >= 0.8


async def test_a_message_received_too_often_goes_to_the_dead_letter_queue(line: Line) -> None:
    """After two receives (maxReceiveCount) the third finds nothing; the DLQ has it, attributes and all."""
    attributes = {"sluice-key": text_attribute("k-1")}
    await line.outbox.send([Outgoing("poison", attributes)])
    for _ in range(2):
        (message,) = await line.queue.receive(10)
        await line.queue.change_visibility([(message.receipt, NOTHING)])
    assert not await line.queue.receive(10)
    (dead,) = await line.dead_letters.receive(10)
    assert (dead.body, dead.attributes) == ("poison", attributes)


async def test_a_receipt_that_is_none_fails_for_good(line: Line) -> None:
    """Trying again cannot help, and the other entries of the call are carried out."""
    await line.outbox.send([outgoing("one")])
    (message,) = await line.queue.receive(10)
    nonsense = ReceiptHandle("not-a-receipt")
    (failure,) = await line.queue.change_visibility([(message.receipt, SECOND), (nonsense, SECOND)])
    assert failure == EntryFailure(1, failure.code, final=True)


async def test_an_entry_that_breaks_a_limit_fails_for_good_and_the_others_are_sent(line: Line) -> None:
    """An empty body is refused; its neighbour is sent."""
    (failure,) = await line.outbox.send([Outgoing("\x00", {}), outgoing("good")])
    assert failure == EntryFailure(0, failure.code, final=True)
    assert [m.body for m in await line.queue.receive(10)] == ["good"]


async def test_a_call_carries_at_most_ten_entries(line: Line) -> None:
    """An eleventh is refused with all the others."""
    with pytest.raises(RefusedError):
        await line.outbox.send([outgoing("x")] * 11)
