"""The in-memory queue keeps the limits and the traps of SQS that an emulator does not show."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, virtual_time
from tests.fakes.queue import MemoryQueue
from worker.model.errors import RefusedError, UnavailableError
from worker.model.message import NOTHING, Attribute, Outgoing, text_attribute
from worker.ports import EntryFailure

HOURS_12 = timedelta(hours=12)


def queue(**options: object) -> MemoryQueue:
    return MemoryQueue(LoopClock(), **options)


@virtual_time
async def test_a_poll_ends_the_moment_a_message_becomes_visible() -> None:
    """A lost lease comes back after its visibility, in the middle of a long poll, counted twice."""
    line = queue(visibility=timedelta(seconds=7))
    line.put("one")
    await line.receive(10)
    (again,) = await line.receive(10)
    assert (again.receive_count, asyncio.get_running_loop().time()) == (2, START + 7)
    assert again.held_from == START


@virtual_time
async def test_an_empty_poll_takes_its_wait_time() -> None:
    """Twenty seconds and nothing."""
    assert not await queue().receive(1)
    assert asyncio.get_running_loop().time() == START + 20


@virtual_time
async def test_an_old_receipt_is_worth_nothing() -> None:
    """A delete by it succeeds and deletes nothing; it cannot change the visibility."""
    line = queue(visibility=timedelta(seconds=1))
    line.put("one")
    (old,) = await line.receive(1)
    await line.receive(1)
    assert await line.delete([old.receipt]) == []
    assert len(line) == 1
    assert await line.change_visibility([(old.receipt, NOTHING)]) == [EntryFailure(0, "MessageNotInflight", final=True)]


@virtual_time
async def test_a_lease_that_has_ended_cannot_be_extended() -> None:
    """Not in flight any more, though nobody else has received it."""
    line = queue()
    line.put("one")
    (message,) = await line.receive(1)
    await asyncio.sleep(61)
    (failure,) = await line.change_visibility([(message.receipt, timedelta(seconds=5))])
    assert failure.code == "MessageNotInflight"


@virtual_time
async def test_visibility_ends_twelve_hours_after_the_receive() -> None:
    """The total counts from the receive, not from the change."""
    line = queue()
    line.put("one")
    (message,) = await line.receive(1)
    await asyncio.sleep(1)
    (failure,) = await line.change_visibility([(message.receipt, HOURS_12)])
    assert failure == EntryFailure(0, "InvalidParameterValue", final=True)
    assert not await line.change_visibility([(message.receipt, HOURS_12 - timedelta(seconds=1))])


@virtual_time
async def test_no_more_is_handed_out_than_may_be_in_flight() -> None:
    """At the cap (120,000 at AWS) a long poll finds nothing until something is settled."""
    line = queue(max_in_flight=2)
    line.put("a", "b", "c")
    held = await line.receive(10)
    assert len(held) == 2
    assert not await line.receive(10)
    await line.delete([held[0].receipt])
    assert [m.body for m in await line.receive(10)] == ["c"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Outgoing("", {}), "InvalidMessageContents"),
        (Outgoing("\x00", {}), "InvalidMessageContents"),
        (Outgoing("x", {f"a{n}": text_attribute("v") for n in range(11)}), "InvalidParameterValue"),
        (Outgoing("x", {"AWS.x": text_attribute("v")}), "InvalidParameterValue"),
        (Outgoing("x", {"a..b": text_attribute("v")}), "InvalidParameterValue"),
        (Outgoing("x", {"a": text_attribute("")}), "InvalidParameterValue"),
        (Outgoing("x", {"a": Attribute("Number", "seven")}), "InvalidParameterValue"),
        (Outgoing("x", {"a": Attribute("Binary", "text")}), "InvalidParameterValue"),
        (Outgoing("x", {"a": Attribute("Boolean", "true")}), "InvalidParameterValue"),
        (Outgoing("x", {}, delay=timedelta(minutes=16)), "InvalidParameterValue"),
        (Outgoing("x", {}, group="a group"), "InvalidParameterValue"),
    ],
)
@virtual_time
async def test_an_entry_beyond_a_limit_is_not_taken(entry: Outgoing, code: str) -> None:
    """AWS's limits on characters, attributes, delay and group."""
    line = queue()
    assert await line.send([entry, Outgoing("good", {})]) == [EntryFailure(0, code, final=True)]
    assert line.bodies == ["good"]


@pytest.mark.parametrize("entries", [[], [Outgoing("x", {})] * 11, [Outgoing("x" * 600_000, {})] * 2])
@virtual_time
async def test_a_call_beyond_a_limit_is_refused(entries: list[Outgoing]) -> None:
    """One to ten entries, one mebibyte together."""
    with pytest.raises(RefusedError):
        await queue().send(entries)


@virtual_time
async def test_a_message_is_handed_out_twice() -> None:
    """At least once: each copy has a receipt of its own, and the delete of one leaves the other."""
    line = queue()
    line.put("one")
    (first,) = await line.receive(1)
    line.duplicate(first.id)
    (second,) = await line.receive(1)
    assert (second.id, second.receive_count) == (first.id, 2)
    assert not await line.change_visibility([(first.receipt, NOTHING), (second.receipt, NOTHING)])
    await line.delete([second.receipt])
    assert len(line) == 1
    await line.delete([first.receipt])
    assert len(line) == 0


@virtual_time
async def test_a_deleted_message_shows_up_again() -> None:
    """A server that was away when it was deleted hands it out later."""
    line = queue()
    line.put("one")
    (first,) = await line.receive(1)
    line.duplicate(first.id, after=timedelta(seconds=15))
    await line.delete([first.receipt])
    (again,) = await line.receive(1)
    assert (again.id, asyncio.get_running_loop().time()) == (first.id, START + 15)


@virtual_time
async def test_faults_come_once_each_in_their_order() -> None:
    """An error, refused entries, a lost answer: then all is well again."""
    line = queue()
    line.faults.fail_next("send", UnavailableError("down"))
    line.faults.fail_next("send", "InternalError")
    line.faults.lose_next("send")
    entry = Outgoing("x", {})
    with pytest.raises(UnavailableError, match="down"):
        await line.send([entry])
    assert await line.send([entry]) == [EntryFailure(0, "InternalError", final=False)]
    assert not line.bodies
    with pytest.raises(UnavailableError, match="lost"):
        await line.send([entry])
    assert line.bodies == ["x"]
    assert not await line.send([entry])
    assert line.calls["send"] == 4


@virtual_time
async def test_a_held_call_waits_until_it_is_let_go() -> None:
    """So that a stop can be tested in the middle of a settle."""
    line = queue()
    line.put("one")
    (message,) = await line.receive(1)
    gate = line.faults.hold("delete")
    deleting = asyncio.create_task(line.delete([message.receipt]))
    await asyncio.sleep(5)
    assert (len(line), deleting.done()) == (1, False)
    gate.set()
    await deleting
    assert len(line) == 0
