"""The ledger and the tombstones, seen from the queue and the vendor; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.vendor import ScriptedVendor
from worker.model.disposition import Policy
from worker.model.errors import UnavailableError
from worker.model.events import MessageSettled, PipelineCrashed, TableCallFailed
from worker.model.message import JobKey, MessageId, Publication
from worker.model.outcome import Continue, Delivered, RetryAfter
from worker.pipeline import tombstones as module
from worker.pipeline.dedup import Mode
from worker.pipeline.delivery import Rules
from worker.pipeline.ledger import MemoryLedger
from worker.pipeline.tombstones import Tombstones
from worker.ports import Claim, InProgress, LedgerKey


class Away(MemoryLedger):
    """A ledger whose table does not answer, so often."""

    def __init__(self, times: int = 1_000_000) -> None:
        super().__init__(LoopClock())
        self.left = times

    def _answer(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise UnavailableError("away", code="ConnectTimeoutError")

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        self._answer()
        return await super().delivered(keys)

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        self._answer()
        return await super().claim(key, lasting)

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        self._answer()
        await super().record(keys)


class Silent(MemoryLedger):
    """A ledger whose table never answers."""

    def __init__(self) -> None:
        super().__init__(LoopClock())

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        await asyncio.Event().wait()
        raise AssertionError

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        await asyncio.Event().wait()


def gaps(times: Sequence[float]) -> list[float]:
    """Seconds between each and the next."""
    return [after - before for before, after in pairwise(times)]


def line_of(mode: Mode, ledger: MemoryLedger | None = None, **more: Any) -> Line:
    return Line(dedup=mode, ledger=ledger or MemoryLedger(LoopClock()), **more)


@pytest.mark.parametrize("mode", Mode)
def test_what_was_recorded_is_deleted_unsent(mode: Mode) -> None:
    """Killed between the vendor's answer and the delete: the message comes again, to whatever task, and is known."""

    @virtual_time
    async def run() -> None:
        line = line_of(mode)
        assert line.ledger is not None
        await line.ledger.record([LedgerKey(JobKey("k"))])
        line.queue.put("{}", sluice_key="k")
        await line.queue.receive(1)  # by the task that was killed
        async with line.running():
            await line.drained()
        assert not line.vendor.sent
        assert [event.outcome for event in line.events.of(MessageSettled)] == ["Delivered"]

    run()


@pytest.mark.parametrize("mode", Mode)
def test_what_was_never_delivered_is_sent(mode: Mode) -> None:
    """A redelivery alone proves nothing: a failure, too, comes again; each delivery is recorded."""

    @virtual_time
    async def run() -> None:
        outcomes = [RetryAfter(timedelta(0), "HTTP 500")]
        vendor = ScriptedVendor(lambda jobs: [outcomes.pop() if outcomes else Delivered()] * len(jobs))
        line = line_of(mode, vendor=vendor)
        line.queue.put("{}", sluice_key="k")
        async with line.running():
            await line.drained()
        assert len(vendor.sent) == 2
        assert line.ledger is not None
        assert await line.ledger.delivered([LedgerKey(JobKey("k"))])

    run()


@virtual_time
async def test_a_first_receive_costs_no_read() -> None:
    """Redelivery asks for what was received before, and for nothing else."""
    line = line_of(Mode.REDELIVERY, Away())
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert [event.error for event in line.events.of(TableCallFailed)] == ["ConnectTimeoutError"]  # the record's


@virtual_time
async def test_without_its_table_redelivery_sends() -> None:
    """At least once: it says so, and the work goes on."""
    line = line_of(Mode.REDELIVERY, Away())
    line.queue.put("{}")
    await line.queue.receive(1)
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert line.events.of(TableCallFailed) == [TableCallFailed("foo", "ledger", "ConnectTimeoutError")]


@virtual_time
async def test_without_its_table_redelivery_goes_on_as_fast_as_ever() -> None:
    """Silent: who asked first waits for three seconds, and a record at most three; all else does not even ask."""
    line = line_of(Mode.REDELIVERY, Silent())
    line.queue.put(*["{}"] * 200)
    for _ in range(20):
        await line.queue.receive(10)
    began = line.clock.monotonic() + 60  # when they come back
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 200
    assert line.vendor.times[-1] - began < 10
    assert max(line.vendor.times[0] - began, *gaps(line.vendor.times)) < 3.1
    assert len(line.events.of(TableCallFailed)) <= 2


@virtual_time
async def test_without_its_table_strict_says_so_once_in_five_seconds() -> None:
    """However many messages wait for it; each waits in the queue."""
    line = line_of(Mode.STRICT, Away())
    line.queue.put(*["{}"] * 200)
    async with line.running():
        await asyncio.sleep(29)
        assert line.pipeline.postponed == 200
        assert 1 <= len(line.events.of(TableCallFailed)) <= 6
    assert not line.vendor.sent


@virtual_time
async def test_what_strict_has_claimed_it_records_though_the_table_rests() -> None:
    """A claim that nobody could make meanwhile does not cost those of before their record."""
    ledger = Away(times=0)
    line = line_of(Mode.STRICT, ledger, vendor=ScriptedVendor(latency=2))
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await line.vendor.arrived.wait()
        ledger.left = 1
        line.queue.put("{}", sluice_key="other")
        await line.until(lambda: line.events.of(TableCallFailed))
        assert len(line.vendor.sent) == 1
        await line.until(lambda: len(line.events.of(MessageSettled)) == 2)
        assert line.clock.monotonic() - line.vendor.times[0] < 5
        assert await ledger.delivered([LedgerKey(JobKey("k"))])
        await line.drained()
    assert len(line.vendor.sent) == 2


@virtual_time
async def test_without_its_table_strict_waits() -> None:
    """Nothing is sent that was not claimed; it costs no attempt."""
    line = line_of(Mode.STRICT, Away(times=5))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert line.vendor.sent[0][1][0].attempt == 1
    assert line.vendor.times[0] - 1000 >= 5 * 30


@virtual_time
async def test_two_copies_in_one_hand_are_sent_once() -> None:
    """Strict: SQS may hand out a message twice at once, and the table takes one process for one owner."""
    line = line_of(Mode.STRICT, vendor=ScriptedVendor(latency=5))
    line.queue.put("{}", "{}", sluice_key="k")
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 1


@virtual_time
async def test_what_comes_again_at_once_is_not_taken_for_a_copy() -> None:
    """Its settle is still under way here when it is received again: it waits for nothing."""
    outcomes = [Delivered(), RetryAfter(timedelta(0), "HTTP 500")]
    line = line_of(Mode.STRICT, vendor=ScriptedVendor(lambda jobs: [outcomes.pop()] * len(jobs)))
    line.queue.faults.lose_next("change_visibility", 1)
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert line.vendor.times[1] - line.vendor.times[0] < 5


class Claimed(MemoryLedger):
    """Somebody else is at it, the first time."""

    first = True

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        if self.first:
            self.first = False
            return InProgress(timedelta(seconds=40))
        return await super().claim(key, lasting)


@virtual_time
async def test_what_another_task_has_claimed_waits_for_its_end() -> None:
    """Until the claim has ended, without an attempt."""
    line = line_of(Mode.STRICT, Claimed(LoopClock()))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert line.vendor.times[0] - 1000 >= 40


class Confused(MemoryLedger):
    """Answers what no ledger answers."""

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        return "ours"  # type: ignore[return-value]  # on purpose


@virtual_time
async def test_an_answer_that_no_ledger_gives_is_no_leave_to_send() -> None:
    """It crashes the pipeline, loudly."""
    line = line_of(Mode.STRICT, Confused(LoopClock()))
    line.queue.put("{}")
    async with line.running():
        await line.until(lambda: line.events.of(PipelineCrashed))
    assert line.events.of(PipelineCrashed)[0].error.startswith("AssertionError")
    assert not line.vendor.sent


class Topic:
    """Publications that are kept, with whether the ledger knew by then."""

    def __init__(self) -> None:
        self.published: list[str | None] = []
        self.known: list[bool] = []
        self.away = False
        self.ledger = MemoryLedger(LoopClock())

    async def publish(self, publications: Sequence[Publication]) -> None:
        if self.away:
            raise UnavailableError("away")
        self.known.append(bool(await self.ledger.delivered([LedgerKey(JobKey("k"))])))
        self.published += [publication.key for publication in publications]


@virtual_time
async def test_what_follows_is_published_before_the_ledger_knows() -> None:
    """Else a death between the two would lose it: a delivery that is known publishes nothing again."""
    topic = Topic()
    vendor = ScriptedVendor(lambda jobs: [Delivered((Publication("x"),))] * len(jobs))
    line = line_of(Mode.REDELIVERY, topic.ledger, vendor=vendor, publications=topic)
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await line.drained()
    assert (topic.published, topic.known) == (["k:0"], [False])


@pytest.mark.parametrize("mode", Mode)
def test_a_long_job_that_ended_in_hand_is_known_as_it_would_come_again(mode: Mode) -> None:
    """Its message has the cursor that it came with: killed before the delete, it must not begin anew."""

    @virtual_time
    async def run() -> None:
        outcomes = [Continue("2"), Continue("1")]
        vendor = ScriptedVendor(lambda jobs: [outcomes.pop() if outcomes else Delivered()] * len(jobs))
        line = line_of(mode, vendor=vendor)
        line.queue.put("{}", sluice_key="k")
        [message] = await line.queue.receive(1)  # by a task that was killed
        line.queue.duplicate(message.id, after=timedelta(minutes=10))
        async with line.running():
            await line.drained()
        assert [job.cursor for _, jobs in vendor.sent for job in jobs] == [None, "1", "2"]
        assert line.ledger is not None
        known = [LedgerKey(JobKey("k"), cursor) for cursor in (None, "2")]
        assert await line.ledger.delivered([*known, LedgerKey(JobKey("k"), "1")]) == set(known)

    run()


class Claims(MemoryLedger):
    """Notes when it was asked for what; the second claim is refused, if it is to be."""

    def __init__(self, *, refuses: bool) -> None:
        super().__init__(LoopClock())
        self.times: list[float] = []
        self._refuses = refuses

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        self.times.append(asyncio.get_running_loop().time())
        if self._refuses and len(self.times) == 2:
            return InProgress(timedelta(seconds=40))
        return await super().claim(key, lasting)


def job_of_ten_rounds() -> ScriptedVendor:
    """Half a minute each."""
    left = [Delivered(), *(Continue(str(number)) for number in range(9, 0, -1))]
    return ScriptedVendor(lambda jobs: [left.pop()] * len(jobs), latency=30)


@virtual_time
async def test_a_long_job_keeps_its_claim() -> None:
    """Made anew before it ends: a copy of the message in another task's hand waits as long as the job goes on."""
    ledger = Claims(refuses=False)
    line = line_of(Mode.STRICT, ledger, vendor=job_of_ten_rounds())
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert max(gaps([*ledger.times, line.vendor.times[-1] + 30])) < 180
    assert len(ledger.times) == 4


@virtual_time
async def test_a_long_job_that_loses_its_claim_goes_on_in_a_message_of_its_own() -> None:
    """That is claimed as any other; no round is made twice."""
    ledger = Claims(refuses=True)
    line = line_of(Mode.STRICT, ledger, vendor=job_of_ten_rounds())
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert [event.disposition for event in line.events.of(MessageSettled)] == ["Replace", "Delete"]
    assert [job.cursor for _, [job] in line.vendor.sent] == [None, *map(str, range(1, 10))]


@virtual_time
async def test_the_ledger_does_not_learn_of_what_was_not_published() -> None:
    """The topic is away until the lease is lost: the message comes again and is sent again, and publishes."""
    topic = Topic()
    topic.away = True
    vendor = ScriptedVendor(lambda jobs: [Delivered((Publication("x"),))] * len(jobs))
    line = line_of(Mode.REDELIVERY, topic.ledger, vendor=vendor, publications=topic, visibility=timedelta(seconds=30))
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await vendor.arrived.wait()
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=10)
        await line.until(lambda: len(vendor.sent) == 2)
        topic.away = False
        await line.drained()
    assert set(topic.published) == {"k:0"}


@virtual_time
async def test_a_delivery_whose_delete_was_lost_is_deleted_unsent() -> None:
    """Without any ledger, too: this process remembers."""
    line = Line(visibility=timedelta(seconds=30), rules=Rules(Policy()))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.queue.faults.fail_next("delete", UnavailableError("away"), times=200)
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=200)
        await asyncio.sleep(60)
        line.queue.faults._next.clear()
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert [event.disposition for event in line.events.of(MessageSettled)] == ["Delete"]


def test_tombstones_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first, and one that has served its purpose at once."""
    monkeypatch.setattr(module, "_KEPT", 2)
    stones = Tombstones()
    for name in "abc":
        stones.add(MessageId(name))
    stones.discard(MessageId("b"))
    assert [MessageId(name) in stones for name in "abc"] == [False, False, True]
