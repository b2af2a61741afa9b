"""What is hidden from all receivers is counted for as long as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.line import Line
from tests.fakes.loop import START, virtual_time
from tests.fakes.manual_clock import ManualClock
from tests.fakes.vendor import ScriptedVendor
from worker.model.outcome import Delivered, RetryAfter
from worker.pipeline.postponed import Postponed


@given(delays=st.lists(st.integers(1, 100), max_size=20), pauses=st.lists(st.integers(0, 30), min_size=20, max_size=20))
def test_each_counts_until_it_is_visible_again(delays: list[int], pauses: list[int]) -> None:
    """Whatever the order in which they come and go, and whenever it is asked."""
    clock = ManualClock(0.0)
    postponed = Postponed(clock)
    ends: list[float] = []
    for delay, pause in zip(delays, pauses, strict=False):
        postponed.add(timedelta(seconds=delay))
        ends.append(clock.seconds + delay)
        clock.seconds += pause
        assert len(postponed) == sum(end > clock.seconds for end in ends)


def test_what_is_over_takes_no_memory() -> None:
    """Nobody may ever ask."""
    clock = ManualClock()
    postponed = Postponed(clock)
    for _ in range(100):
        postponed.add(timedelta(seconds=10))
        clock.seconds += 1
    assert len(postponed._ends) == 10


@virtual_time
async def test_a_pipeline_tells_what_it_has_postponed_and_how_many_requests_it_made() -> None:
    """Three messages fail and wait for a minute, two are delivered; then the three come back."""
    outcomes = [Delivered()] * 5 + [RetryAfter(timedelta(minutes=1), "HTTP 500")] * 3
    line = Line(vendor=ScriptedVendor(lambda jobs: [outcomes.pop() for _ in jobs], latency=2))
    line.queue.put(*["{}"] * 5)
    async with line.running():
        await line.until(lambda: len(outcomes) == 3)
        await line.until(lambda: line.pipeline.postponed)
        assert (line.pipeline.postponed, line.pipeline.requests) == (3, 5)
        assert line.pipeline.request_seconds == pytest.approx(2)
        await line.until(lambda: not line.pipeline.postponed)
        assert line.clock.monotonic() - START > 60
        await line.drained()
    assert (line.pipeline.postponed, line.pipeline.requests) == (0, 8)


@virtual_time
async def test_what_is_handed_back_is_not_postponed() -> None:
    """It is visible again at once."""
    line = Line(vendor=ScriptedVendor(latency=100))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
    assert line.queue.calls["change_visibility"]
    assert line.pipeline.postponed == 0
