"""What Attempts promises, in memory and in the state table; and what the table adds: tasks count together."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.manual_clock import ManualClock
from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.attempts import TableAttempts
from worker.aws.statetable import StateTable
from worker.model.disposition import Failures
from worker.model.events import TableCallFailed
from worker.model.message import JobKey, VendorName
from worker.pipeline.attempts import MemoryAttempts
from worker.ports import Attempts

VENDOR = VendorName("foo")
KEY = JobKey("k")
OTHER = JobKey("ü" * 2_000)  # longer than DynamoDB's keys may be


def task(
    table: StateTable, clock: ManualClock, telemetry: RecordedTelemetry | None = None, vendor: VendorName = VENDOR
) -> TableAttempts:
    """One task's counting."""
    telemetry = telemetry or RecordedTelemetry()
    return TableAttempts(table, vendor, clock=clock, away=MemoryAttempts(clock), telemetry=telemetry)


@pytest.fixture(params=["memory", "table"])
def attempts(request: pytest.FixtureRequest, clock: ManualClock) -> Attempts:
    if request.param == "memory":
        return MemoryAttempts(clock)
    return task(request.getfixturevalue("state_table"), clock)


async def test_an_unknown_message_has_failed_never(attempts: Attempts) -> None:
    """Nothing is counted by asking."""
    assert await attempts.of(KEY) == await attempts.of(KEY) == Failures()


async def test_each_failure_counts_one_with_the_time_since_the_first(attempts: Attempts, clock: ManualClock) -> None:
    """Others' failures do not."""
    assert await attempts.failed(KEY, 0.0) == Failures(1)
    await attempts.failed(OTHER, 0.0)
    for count in (2, 3, 4):
        clock.seconds += 60
        assert await attempts.failed(KEY, 0.0) == Failures(count, timedelta(minutes=count - 1))
    assert ((await attempts.of(KEY)).count, (await attempts.of(OTHER)).count) == (4, 1)


async def test_time_with_the_gate_closed_does_not_count(attempts: Attempts, clock: ManualClock) -> None:
    """Closed for 100 s before the first failure, for 40 of 60 s after it, for none of the next 60."""
    await attempts.failed(KEY, 100.0)
    clock.seconds += 60
    assert (await attempts.failed(KEY, 140.0)).lasting == timedelta(seconds=20)
    clock.seconds += 60
    assert (await attempts.failed(KEY, 140.0)).lasting == timedelta(seconds=80)


async def test_time_never_runs_backwards(attempts: Attempts) -> None:
    """More closed than gone by is rounding."""
    await attempts.failed(KEY, 0.0)
    assert await attempts.failed(KEY, 0.001) == Failures(2)


async def test_a_message_that_has_ended_is_forgotten(attempts: Attempts) -> None:
    """Twice is no error, and a message of the same key begins anew."""
    await attempts.failed(KEY, 0.0)
    await attempts.forget(KEY)
    await attempts.forget(KEY)
    assert await attempts.of(KEY) == Failures()
    assert await attempts.failed(KEY, 0.0) == Failures(1)


async def test_tasks_count_together(state_table: StateTable, clock: ManualClock) -> None:
    """A message that fails here and there has failed twice, for as long as both gates were open."""
    here, there = task(state_table, clock), task(state_table, clock)
    await here.failed(KEY, 0.0)
    clock.seconds += 60
    assert (await there.of(KEY)).count == 1
    assert await there.failed(KEY, 0.0) == Failures(2, timedelta(seconds=60))
    clock.seconds += 60
    assert await here.failed(KEY, 0.0) == Failures(3, timedelta(seconds=120))


async def test_vendors_count_apart(state_table: StateTable, clock: ManualClock) -> None:
    """Fan-out gives several the same message."""
    await task(state_table, clock).failed(KEY, 0.0)
    assert await task(state_table, clock, vendor=VendorName("bar")).of(KEY) == Failures()


async def test_time_that_another_gate_may_have_been_closed_does_not_count(
    state_table: StateTable, clock: ManualClock
) -> None:
    """The second task's gate was closed for 50 s, nobody knows when: of 60 s since the failure only 10 surely count."""
    here, there = task(state_table, clock), task(state_table, clock)
    await here.failed(KEY, 0.0)
    clock.seconds += 60
    assert await there.failed(KEY, 50.0) == Failures(2, timedelta(seconds=10))
    clock.seconds += 60
    assert await there.failed(KEY, 50.0) == Failures(3, timedelta(seconds=70))


async def test_time_before_a_task_began_does_not_count(state_table: StateTable, clock: ManualClock) -> None:
    """Its gate was not there to be open: a deploy that took an hour buries nothing."""
    await task(state_table, clock).failed(KEY, 0.0)
    clock.seconds += 3_600
    new = task(state_table, clock)
    clock.seconds += 5
    assert await new.failed(KEY, 0.0) == Failures(2, timedelta(seconds=5))


async def test_a_restart_keeps_the_time_that_was_counted(state_table: StateTable, clock: ManualClock) -> None:
    """A message that fails for hours over many deploys is given up in the end."""
    old = task(state_table, clock)
    await old.failed(KEY, 0.0)
    clock.seconds += 60
    await old.failed(KEY, 0.0)
    assert await task(state_table, clock).failed(KEY, 0.0) == Failures(3, timedelta(seconds=60))


async def test_what_has_expired_does_not_count(state_table: StateTable, clock: ManualClock) -> None:
    """DynamoDB deletes late, and this one was never forgotten: 28 days later the same key begins anew."""
    old = task(state_table, clock)
    await old.failed(KEY, 0.0)
    clock.seconds += 10
    await old.failed(KEY, 0.0)
    clock.seconds += 28 * 86_400 + 1
    new = task(state_table, clock)
    assert await new.of(KEY) == Failures()
    assert await new.failed(KEY, 0.0) == Failures(1)
    assert await new.failed(KEY, 0.0) == Failures(2)


async def test_a_message_of_which_nothing_is_known_is_forgotten_unasked(
    table_away: StateTable, clock: ManualClock
) -> None:
    """Nearly every message: it costs no call."""
    telemetry = RecordedTelemetry()
    await task(table_away, clock, telemetry).forget(KEY)
    assert telemetry.events == []


async def test_who_has_read_a_count_forgets_it(state_table: StateTable, clock: ManualClock) -> None:
    """It failed in one task and was delivered by another."""
    failing, delivering = task(state_table, clock), task(state_table, clock)
    await failing.failed(KEY, 0.0)
    await delivering.of(KEY)
    await delivering.forget(KEY)
    assert await task(state_table, clock).of(KEY) == Failures()


async def test_with_the_table_away_memory_counts(table_away: StateTable, clock: ManualClock) -> None:
    """Nothing is raised, it is said once, and for five seconds no message waits for the table."""
    telemetry = RecordedTelemetry()
    attempts = task(table_away, clock, telemetry)
    assert await attempts.of(KEY) == Failures()
    assert await attempts.failed(KEY, 0.0) == Failures(1)
    clock.seconds += 4
    assert await attempts.failed(KEY, 0.0) == Failures(2, timedelta(seconds=4))
    assert telemetry.events == [TableCallFailed(VENDOR, "attempts", "EndpointConnectionError")]
    clock.seconds += 1
    assert (await attempts.of(KEY)).count == 2
    assert len(telemetry.events) == 2
    await attempts.forget(KEY)
    assert await attempts.of(KEY) == Failures()


async def test_many_that_find_the_table_away_say_it_once(table_away: StateTable, clock: ManualClock) -> None:
    """Forty deliveries ask at the same time."""
    telemetry = RecordedTelemetry()
    attempts = task(table_away, clock, telemetry)
    await asyncio.gather(*(attempts.of(JobKey(str(number))) for number in range(40)))
    assert len(telemetry.of(TableCallFailed)) == 1


async def test_what_memory_counted_is_not_lost_when_the_table_is_back(
    state_table: StateTable, table_away: StateTable, clock: ManualClock
) -> None:
    """Three failures without the table; the fourth, with it, is the fourth."""
    memory = MemoryAttempts(clock)
    away = TableAttempts(table_away, VENDOR, clock=clock, away=memory, telemetry=RecordedTelemetry())
    for _ in range(3):
        await away.failed(KEY, 0.0)
        clock.seconds += 10
    back = TableAttempts(state_table, VENDOR, clock=clock, away=memory, telemetry=RecordedTelemetry())
    assert (await back.of(KEY)).count == 3
    assert await back.failed(KEY, 0.0) == Failures(4, timedelta(seconds=30))
