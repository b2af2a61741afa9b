"""What Ledger promises, in memory and in the state table; and what the table adds: tasks know of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.fakes.manual_clock import ManualClock
from worker.aws.ledger import TableLedger
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.model.errors import RefusedError, UnavailableError
from worker.model.message import JobKey, VendorName
from worker.pipeline.ledger import MemoryLedger
from worker.ports import AlreadyDelivered, InProgress, Ledger, LedgerKey, Ours

VENDOR = VendorName("foo")
KEY = LedgerKey(JobKey("k"))
MINUTE = timedelta(minutes=1)
DAYS_28 = 28 * 86_400


@pytest.fixture(params=["memory", "table"])
def ledger(request: pytest.FixtureRequest, clock: ManualClock) -> Ledger:
    if request.param == "memory":
        return MemoryLedger(clock)
    return TableLedger(request.getfixturevalue("state_table"), VENDOR, clock)


@pytest.fixture
def tasks(state_table: StateTable, clock: ManualClock) -> tuple[TableLedger, TableLedger]:
    """Two tasks' ledgers of one vendor."""
    return TableLedger(state_table, VENDOR, clock), TableLedger(state_table, VENDOR, clock)


def keys(count: int) -> Sequence[LedgerKey]:
    return [LedgerKey(JobKey(str(number))) for number in range(count)]


async def test_what_is_recorded_is_delivered(ledger: Ledger) -> None:
    """And nothing else; to ask for nothing is no error."""
    await ledger.record(keys(2))
    assert await ledger.delivered(keys(3)) == frozenset(keys(2))
    assert await ledger.delivered([]) == frozenset()
    await ledger.record([])


async def test_each_cursor_of_a_long_job_is_a_delivery_of_its_own(ledger: Ledger) -> None:
    """Whatever the cursor looks like."""
    cursors = [LedgerKey(JobKey("k"), cursor) for cursor in (None, "", "-", "=", "None", "#")]
    for number, key in enumerate(cursors):
        assert await ledger.delivered(cursors) == frozenset(cursors[:number])
        await ledger.record([key])


async def test_more_than_a_batch_goes_at_once(ledger: Ledger) -> None:
    """DynamoDB takes 25 writes and 100 reads in one call, and no key twice."""
    await ledger.record([*keys(130), *keys(3)])
    assert await ledger.delivered([*keys(131), *keys(3)]) == frozenset(keys(130))


async def test_a_record_may_be_repeated(ledger: Ledger) -> None:
    """A retry after an answer that was lost."""
    await ledger.record([KEY])
    await ledger.record([KEY])
    assert await ledger.delivered([KEY]) == {KEY}


@pytest.mark.parametrize("length", [510, 1_024, 2_048, 10_000])
async def test_keys_of_any_length_are_told_apart(ledger: Ledger, length: int) -> None:
    """DynamoDB's bounds are 2,048 and 1,024 bytes; these are of two bytes each."""
    long = "ü" * length
    recorded = [LedgerKey(JobKey(f"{long}1")), LedgerKey(JobKey("k"), f"{long}1")]
    others = [LedgerKey(JobKey(f"{long}2")), LedgerKey(JobKey("k"), f"{long}2")]
    await ledger.record(recorded)
    assert await ledger.delivered([*recorded, *others]) == frozenset(recorded)


async def test_a_record_ends_after_28_days(ledger: Ledger, clock: ManualClock) -> None:
    """A message lives that long at most: 14 days in its queue, 14 in the dead-letter queue."""
    await ledger.record([KEY])
    clock.seconds += DAYS_28 - 1
    assert await ledger.delivered([KEY]) == {KEY}
    clock.seconds += 2
    assert await ledger.delivered([KEY]) == frozenset()
    assert await ledger.claim(KEY, MINUTE) == Ours()


async def test_a_claim_is_no_delivery(ledger: Ledger) -> None:
    """It is ours to send, and ours still when it is tried again."""
    assert await ledger.claim(KEY, MINUTE) == Ours()
    assert await ledger.delivered([KEY]) == frozenset()
    assert await ledger.claim(KEY, MINUTE) == Ours()


async def test_what_is_delivered_is_not_to_be_claimed(ledger: Ledger) -> None:
    """With a claim of ours before it or without."""
    await ledger.claim(KEY, MINUTE)
    await ledger.record([KEY, *keys(1)])
    assert await ledger.claim(KEY, MINUTE) == await ledger.claim(keys(1)[0], MINUTE) == AlreadyDelivered()


async def test_of_two_tasks_one_gets_the_claim(tasks: tuple[TableLedger, TableLedger]) -> None:
    """Raced for 20 keys; the other is told how long the claim lasts, to the second."""
    for key in keys(20):
        won, lost = sorted(
            await asyncio.gather(*(task.claim(key, MINUTE) for task in tasks)), key=lambda claim: claim != Ours()
        )
        assert won == Ours()
        assert isinstance(lost, InProgress)
        assert MINUTE <= lost.remaining <= MINUTE + timedelta(seconds=1)


async def test_a_claim_ends_by_itself(tasks: tuple[TableLedger, TableLedger], clock: ManualClock) -> None:
    """A task that died keeps nobody waiting for longer; who comes second then owns it."""
    first, second = tasks
    await first.claim(KEY, MINUTE)
    clock.seconds += 59
    assert await second.claim(KEY, MINUTE) == InProgress(timedelta(seconds=1))
    clock.seconds += 1
    assert await second.claim(KEY, MINUTE) == Ours()
    assert await first.claim(KEY, MINUTE) == InProgress(MINUTE)


async def test_what_one_task_delivers_the_other_knows(tasks: tuple[TableLedger, TableLedger]) -> None:
    """Even where the other has the claim: a claim that ended while its holder was sending."""
    first, second = tasks
    await second.claim(KEY, MINUTE)
    await first.record([KEY])
    assert await second.delivered([KEY]) == {KEY}
    assert await second.claim(KEY, MINUTE) == await first.claim(KEY, MINUTE) == AlreadyDelivered()


async def test_vendors_are_apart(state_table: StateTable, clock: ManualClock) -> None:
    """Fan-out gives several the same message."""
    await TableLedger(state_table, VENDOR, clock).record([KEY])
    other = TableLedger(state_table, VendorName("bar"), clock)
    assert await other.delivered([KEY]) == frozenset()
    assert await other.claim(KEY, MINUTE) == Ours()


async def test_memory_is_bounded(clock: ManualClock) -> None:
    """The oldest record is forgotten first; one that is repeated is new."""
    ledger = MemoryLedger(clock, entries=3)
    await ledger.record(keys(3))
    await ledger.record([keys(1)[0], KEY])
    assert await ledger.delivered([*keys(3), KEY]) == {keys(1)[0], keys(3)[2], KEY}


async def test_a_table_away_is_unavailable(table_away: StateTable, clock: ManualClock) -> None:
    """Each method says so: whoever asks decides what to do without."""
    ledger = TableLedger(table_away, VENDOR, clock)
    for call in (ledger.delivered([KEY]), ledger.claim(KEY, MINUTE), ledger.record([KEY])):
        with pytest.raises(UnavailableError, match="on away") as raised:
            await call
        assert raised.value.code == "EndpointConnectionError"


async def test_no_table_is_refused(aws: Aws, unique_name: str, clock: ManualClock) -> None:
    """With the way out."""
    ledger = TableLedger(await StateTable.open(aws, unique_name, clock), VENDOR, clock)
    for call in (ledger.delivered([KEY]), ledger.claim(KEY, MINUTE), ledger.record([KEY])):
        with pytest.raises(RefusedError, match="sluice up") as raised:
            await call
        assert raised.value.code == "ResourceNotFoundException"
