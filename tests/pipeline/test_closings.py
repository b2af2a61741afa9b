"""What the gate's closings mean for messages: a vendor that is down, and one customer's key that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.vendor import ScriptedVendor
from worker.model.events import GateClosed, GateOpened, MessageSettled, VendorBlocked
from worker.model.message import Job
from worker.model.outcome import Blocked, Delivered, Outcome, RetryAfter, Scope
from worker.pipeline.gate import Limits
from worker.ports import Traits

Jobs = Sequence[Job[Any]]
DOWN, TRIPS = 600.0, 20  # seconds; failures of which the breaker opens


@virtual_time
async def test_a_vendor_that_is_down_is_left_alone_until_a_probe_passes() -> None:
    """Of 200 messages only those that trip the breaker and its probes are sent or received; all are delivered later."""
    began = asyncio.get_running_loop().time()

    def script(jobs: Jobs) -> Sequence[Outcome]:
        is_up = asyncio.get_running_loop().time() - began > DOWN
        return [Delivered() if is_up else RetryAfter(timedelta(minutes=1), "HTTP 503")] * len(jobs)

    line = Line(vendor=ScriptedVendor(script, latency=0.1), limits=Limits(concurrency=10))
    line.queue.put(*["{}"] * 200)
    async with line.running():
        async with asyncio.timeout(DOWN):
            await line.until(lambda: line.events.of(GateClosed))
        await asyncio.sleep(1)
        sent, received = len(line.vendor.sent), line.queue.calls["receive"]
        assert TRIPS <= sent <= TRIPS + 10
        await asyncio.sleep(DOWN - 60)
        closings = len(line.events.of(GateClosed)) - 1
        assert 4 <= closings <= 10  # after 5, 10, 20, 40, 80 seconds, then each 2 minutes, less jitter
        assert len(line.vendor.sent) - sent == closings
        assert line.queue.calls["receive"] - received <= closings
        await line.drained()
    assert {event.reason for event in line.events.of(GateClosed)} == {"breaker"}
    assert len(line.events.of(GateOpened)) == 1
    assert not len(line.dead)


@virtual_time
async def test_a_customer_whose_key_is_refused_stops_alone() -> None:
    """The others' messages are sent at once; theirs are kept, cost no attempt, and go when somebody has acted."""
    began = asyncio.get_running_loop().time()

    def script(jobs: Jobs) -> Sequence[Outcome]:
        shop, is_mended = jobs[0].payload["shop"], asyncio.get_running_loop().time() - began > DOWN
        return [Delivered() if shop != "a" or is_mended else Blocked("HTTP 401", Scope("a"))]

    vendor = ScriptedVendor(script, traits=Traits(scope=lambda payload: payload["shop"]))
    line = Line(vendor=vendor, limits=Limits(concurrency=5))
    line.queue.put(*['{"shop": "a"}'] * 10, *['{"shop": "b"}', '{"shop": "c"}'] * 10)
    async with line.running():
        await line.drained()
    at = {shop: [when - began for when, jobs in vendor.sent if jobs[0].payload["shop"] == shop] for shop in "abc"}
    assert max(at["b"] + at["c"]) < 5
    assert len([when for when in at["a"] if when < DOWN]) <= 5 + 4  # those in the air at the first, then probes
    assert not len(line.dead)
    assert {event.attempt for event in line.events.of(MessageSettled)} == {1}
    assert {event.scope for event in line.events.of(VendorBlocked)} == {"key"}
    assert {(event.scope, event.reason) for event in line.events.of(GateClosed)} == {("key", "blocked")}
