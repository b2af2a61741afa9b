"""What the stories have found, told in few words."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.line import Line
from tests.fakes.loop import stall, virtual_time
from tests.fakes.vendor import ScriptedVendor
from worker.model.disposition import Policy
from worker.model.errors import OverdueError, UnavailableError
from worker.model.outcome import Continue, Delivered, RetryAfter
from worker.pipeline.delivery import Rules
from worker.ports import Batch, Traits

HOUR = 3600.0
FAILED = RetryAfter(timedelta(seconds=1), "HTTP 500")


@virtual_time
async def test_a_stop_that_stood_still_for_too_long_ends() -> None:
    """Overdue before the deliveries could be handed back: it gives up, and does not wait for ever."""
    line = Line(vendor=ScriptedVendor(latency=HOUR))
    line.queue.put("{}")

    async def stand_still_in_a_stop() -> None:
        async with asyncio.timeout(HOUR), line.running():
            await line.vendor.arrived.wait()
            line.stop.ask("test")
            await asyncio.sleep(1)
            stall(line.times.most)

    with pytest.raises(OverdueError):
        await stand_still_in_a_stop()


@virtual_time
async def test_a_batch_whose_leases_are_lost_holds_up_no_stop() -> None:
    """Nobody waits for its reply any more: the request is ended, and its place is free."""
    vendor = ScriptedVendor(latency=HOUR, traits=Traits(batch=Batch(size=3, linger=timedelta(seconds=1))))
    line = Line(vendor=vendor)
    line.queue.put("{}")
    async with line.running():
        await vendor.arrived.wait()
        [stored] = line.queue.stored
        line.queue.expire(stored.receipt)
        [again] = await line.queue.receive(1)  # by another task
        await line.queue.delete([again.receipt])
        async with asyncio.timeout(line.visibility.total_seconds()):
            await line.until(lambda: not vendor.sending)


@virtual_time
async def test_a_continuation_that_is_received_before_its_message_is_deleted_counts_no_failure_twice() -> None:
    """It brings the failures along, so they are forgotten under its key before it is sent: six attempts are six."""
    outcomes = [FAILED] * 5 + [Continue("1", timedelta(seconds=10))] + [FAILED] * 2
    vendor = ScriptedVendor(lambda jobs: [outcomes.pop() if outcomes else Delivered()] * len(jobs))
    outcomes.reverse()
    line = Line(vendor=vendor, rules=Rules(Policy(max_attempts=8)))
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await line.until(lambda: len(vendor.sent) == 5)
        line.queue.faults.fail_next("delete", UnavailableError("away"), times=50)
        await line.drained()
    assert [job.attempt for _, jobs in vendor.sent for job in jobs] == [1, 2, 3, 4, 5, 6, 6, 7, 8]
    assert not len(line.dead)
