"""A state table that fails in the middle, or is silent, costs a count at most."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from botocore.exceptions import ReadTimeoutError

from tests.fakes.clock import LoopClock
from tests.fakes.dynamodb import ScriptedDynamoDb
from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.attempts import TableAttempts
from worker.aws.items import Item, ItemKey, encoded_item
from worker.aws.statetable import StateTable
from worker.model.disposition import Failures
from worker.model.events import TableCallFailed
from worker.model.message import JobKey, VendorName
from worker.pipeline.attempts import MemoryAttempts

VENDOR = VendorName("foo")
KEY = JobKey("k")


def task(client: ScriptedDynamoDb, telemetry: RecordedTelemetry) -> TableAttempts:
    clock = LoopClock()
    table = StateTable(client, "state", clock)
    return TableAttempts(table, VENDOR, clock=clock, away=MemoryAttempts(clock), telemetry=telemetry)


@virtual_time
async def test_a_silent_table_is_waited_for_three_seconds_and_then_left_alone() -> None:
    """A lease runs meanwhile."""
    telemetry, clock = RecordedTelemetry(), LoopClock()
    attempts = task(ScriptedDynamoDb(silent=True), telemetry)
    began = clock.monotonic()
    assert await attempts.failed(KEY, 0.0) == Failures(1)
    assert await attempts.of(KEY) == Failures(1)
    assert round(clock.monotonic() - began, 3) == 3
    assert telemetry.events == [TableCallFailed(VENDOR, "attempts", "TimeoutError")]


@virtual_time
async def test_time_that_could_not_be_stored_still_counts_here() -> None:
    """The failure is counted, the call that adds the time fails: what is returned has both."""
    telemetry, now = RecordedTelemetry(), LoopClock().now().timestamp()
    before = Item(
        ItemKey.of("ATTEMPTS", VENDOR, KEY),
        int(now) + 1_000,
        {"failures": 4, "failed_at": now, "open_seconds": 60.5},
    )
    client = ScriptedDynamoDb([{"Attributes": encoded_item(before)}, ReadTimeoutError(endpoint_url="x")])
    attempts = task(client, telemetry)
    await asyncio.sleep(30)
    assert await attempts.failed(KEY, 10.0) == Failures(5, timedelta(seconds=80.5))
    assert telemetry.events == [TableCallFailed(VENDOR, "attempts", "ReadTimeoutError")]
