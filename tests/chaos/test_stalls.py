"""Whether a slow machine is told from a slow worker."""

from __future__ import annotations

import asyncio

from benchmarks.chaos.stalls import stalls_noted
from tests.fakes.loop import START, stall, virtual_time
from worker.local.history import History, Stalled


@virtual_time
async def test_a_loop_that_does_not_turn_is_noted() -> None:
    """From its last turn until the next; one that is a little late is not."""
    history = History()
    async with stalls_noted(history):
        await asyncio.sleep(1.05)
        stall(0.4)
        await asyncio.sleep(1)
        stall(3)
        await asyncio.sleep(1)
    [stalled] = history.troubles
    assert isinstance(stalled, Stalled)
    assert stalled.until - stalled.at > 3
    assert START + 2 < stalled.at < START + 3
