"""What a task believes of its right never outlasts what the state table says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fakes.dynamodb import ScriptedDynamoDb
from tests.fakes.manual_clock import ManualClock
from worker.aws.limititem import limit_of_vendor
from worker.aws.statetable import StateTable
from worker.aws.tenure import TableTenure
from worker.model.message import VendorName

LASTING, WINDOW = timedelta(seconds=20), timedelta(seconds=60)


class Slow(ScriptedDynamoDb):
    """Takes a second and a half for a write."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__([{"Responses": {}}, {}])
        self.clock = clock

    async def put_item(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(("put_item", parameters))
        self.clock.seconds += 1.5
        return {}


async def test_a_right_that_has_ended_is_not_released() -> None:
    """It counts from before the call that gave it: another task may have it by now."""
    clock = ManualClock()
    client = Slow(clock)
    tenure = TableTenure(StateTable(client, "t", clock), limit_of_vendor(VendorName("foo")), clock)
    await tenure.claim(LASTING, WINDOW)
    clock.seconds += 19
    await tenure.release(WINDOW)
    assert [operation for operation, _ in client.asked] == ["batch_get_item", "put_item"]
