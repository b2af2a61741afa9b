"""The whole pipeline, on fakes, in virtual time."""

from __future__ import annotations

import json
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time


@virtual_time
async def test_every_message_is_delivered_once_and_deleted() -> None:
    """What is in the queue is sent and deleted."""
    line = Line()
    line.queue.put(*(json.dumps({"n": n}) for n in range(100)))
    async with line.running():
        await line.drained()
    assert len(line.vendor.keys) == len(set(line.vendor.keys)) == 100
    assert not len(line.dead)
    assert line.queue.cancelled_receives == 0
