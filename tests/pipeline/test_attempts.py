"""Failed attempts are counted apart from SQS's receive count."""

from __future__ import annotations

from datetime import timedelta

from tests.fakes.manual_clock import ManualClock
from worker.model.disposition import Failures
from worker.model.message import JobKey
from worker.pipeline.attempts import MemoryAttempts

KEY = JobKey("k")


async def test_an_unknown_message_has_failed_never() -> None:
    """Nothing is counted by asking."""
    attempts = MemoryAttempts(ManualClock())
    assert await attempts.of(KEY) == await attempts.of(KEY) == Failures()


async def test_each_failure_counts_one_with_the_time_since_the_first() -> None:
    """Others' failures do not."""
    clock = ManualClock()
    attempts = MemoryAttempts(clock)
    assert await attempts.failed(KEY, 0.0) == Failures(1, timedelta(0))
    await attempts.failed(JobKey("other"), 0.0)
    clock.seconds += 60
    assert await attempts.failed(KEY, 0.0) == Failures(2, timedelta(seconds=60))
    assert (await attempts.of(KEY)).count == 2


async def test_time_with_the_gate_closed_does_not_count() -> None:
    """Closed for 100 s before the first failure, for 40 of the 60 s since."""
    clock = ManualClock()
    attempts = MemoryAttempts(clock)
    await attempts.failed(KEY, 100.0)
    clock.seconds += 60
    assert (await attempts.failed(KEY, 140.0)).lasting == timedelta(seconds=20)


async def test_time_never_runs_backwards() -> None:
    """More closed than gone by is rounding."""
    attempts = MemoryAttempts(ManualClock())
    await attempts.failed(KEY, 0.0)
    assert (await attempts.failed(KEY, 0.001)).lasting == timedelta(0)


async def test_a_message_that_has_ended_is_forgotten() -> None:
    """Twice is no error."""
    attempts = MemoryAttempts(ManualClock())
    await attempts.failed(KEY, 0.0)
    await attempts.forget(KEY)
    await attempts.forget(KEY)
    assert await attempts.of(KEY) == Failures()


async def test_memory_is_bounded() -> None:
    """Of 100,001 messages the one that failed longest ago is forgotten, which is not the one that failed first."""
    attempts = MemoryAttempts(ManualClock())
    await attempts.failed(JobKey("first"), 0.0)
    await attempts.failed(JobKey("second"), 0.0)
    await attempts.failed(JobKey("first"), 0.0)
    for number in range(99_999):
        await attempts.failed(JobKey(str(number)), 0.0)
    assert (await attempts.of(JobKey("first"))).count == 2
    assert (await attempts.of(JobKey("second"))).count == 0
