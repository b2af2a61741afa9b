"""The whole pipeline under its supervisor: draining, stopping at each await, crashing; in virtual time."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.vendor import ScriptedVendor
from worker.model.disposition import Policy
from worker.model.errors import OverdueError, RefusedError, UnavailableError
from worker.model.events import (
    AwsCallFailed,
    GateClosed,
    MessageSettled,
    PipelineCrashed,
    PipelineStopped,
    WorkerStopped,
    WorkerStopping,
)
from worker.model.message import Job, Publication
from worker.model.outcome import Continue, Delivered, Outcome, Throttled
from worker.model.rate import parse_rate
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Limits
from worker.pipeline.stop import Stop
from worker.pipeline.throttle import Throttle
from worker.supervisor import Times, signals


@virtual_time
async def test_every_message_is_delivered_once_and_deleted() -> None:
    """What is in the queue is sent and deleted; at saturation that costs a fifth of a call for each."""
    line = Line()
    line.queue.put(*(json.dumps({"n": n}) for n in range(100)))
    async with line.running():
        await line.drained()
    assert len(line.vendor.keys) == len(set(line.vendor.keys)) == 100
    assert not len(line.dead)
    assert line.queue.calls["delete"] <= 11


@virtual_time
async def test_several_receivers_work_while_there_is_plenty() -> None:
    """A vendor with many requests at once is fetched for by many polls; an idle queue is watched by few."""
    line = Line(vendor=ScriptedVendor(latency=1), limits=Limits(concurrency=80), receivers=4)
    line.queue.put(*["{}"] * 800)
    async with line.running():
        await line.drained()
    assert line.vendor.most_at_once > 40
    assert line.vendor.times[-1] - line.vendor.times[0] < 25


@virtual_time
async def test_a_slow_vendor_is_received_for_no_faster_than_it_can_be_sent() -> None:
    """At 1/s with many waiting nothing is held that could not be sent soon: each is received once."""
    line = Line(
        vendor=ScriptedVendor(latency=0.1),
        limits=Limits(10, Throttle(parse_rate("1/s"), guard=0.02, clock=LoopClock())),
    )
    line.queue.put(*["{}"] * 300)
    most = 0
    async with line.running():
        while len(line.queue):
            await asyncio.sleep(1)
            most = max(most, line.queue.in_flight)
    assert {event.receive_count for event in line.events.of(MessageSettled)} == {1}
    assert most <= 6


@virtual_time
async def test_a_stop_before_a_receive_begins_none() -> None:
    """An idle worker that is told to stop makes no further call."""
    line = Line()
    line.stop.ask("test")
    await line.run()
    assert line.queue.calls["receive"] == 0
    assert line.events.of(WorkerStopped)


@virtual_time
async def test_a_stop_in_a_long_poll_lets_it_finish_and_gives_back_what_it_brings() -> None:
    """It is not cancelled, and its messages are visible again at once, with visibility 0."""
    line = Line()
    async with line.running():
        await asyncio.sleep(5)
        line.stop.ask("test")
        line.queue.put("{}", "{}")
    assert line.queue.cancelled_receives == 0
    assert not line.vendor.sent
    assert line.queue.in_flight == 0
    assert line.events.of(PipelineStopped)


@virtual_time
async def test_a_stop_while_full_delivers_what_is_held() -> None:
    """Deliveries run on to their end within the grace; no new receive is begun."""
    line = Line(vendor=ScriptedVendor(latency=5), limits=Limits(concurrency=4))
    line.queue.put(*["{}"] * 50)
    async with line.running():
        await line.vendor.arrived.wait()
        line.stop.ask("test")
        received = line.queue.calls["receive"]
    assert line.queue.calls["receive"] == received
    assert {event.outcome for event in line.events.of(MessageSettled)} == {"Delivered"}
    assert line.queue.in_flight == 0
    assert len(line.queue) == 50 - len(line.events.of(MessageSettled))


@virtual_time
async def test_a_stop_mid_send_beyond_the_grace_hands_back() -> None:
    """What is not delivered when the grace ends is visible at once, and its lease is not lost before."""
    line = Line(vendor=ScriptedVendor(latency=100), visibility=timedelta(seconds=15))
    line.queue.put("{}")
    async with line.running() as task:
        await line.vendor.arrived.wait()
        asked = line.clock.monotonic()
        line.stop.ask("SIGTERM")
        await task
        took = line.clock.monotonic() - asked
    assert 20 <= took <= 25
    assert (line.queue.in_flight, len(line.queue)) == (0, 1)
    [settled] = line.events.of(MessageSettled)
    assert (settled.outcome, settled.disposition) == ("HandedBack", "Postpone")
    assert line.queue.calls["change_visibility"] >= 3
    assert line.events.of(WorkerStopping)[0].reason == "SIGTERM"


@virtual_time
async def test_a_second_signal_ends_the_grace() -> None:
    """Who asks twice waits no longer for deliveries."""
    line = Line(vendor=ScriptedVendor(latency=100), times=Times(grace=60, poll=1, flush=5))
    line.queue.put("{}")
    async with line.running() as task:
        await line.vendor.arrived.wait()
        asked = line.clock.monotonic()
        line.stop.ask("SIGINT")
        await asyncio.sleep(2)
        line.stop.ask("SIGINT")
        await task
    assert line.clock.monotonic() - asked < 25  # the poll in the air
    assert line.queue.in_flight == 0


@virtual_time
async def test_a_second_signal_ends_no_giving_back() -> None:
    """What the last poll brought is visible again as soon as SQS takes it."""
    line = Line(times=Times(grace=60, poll=1, flush=5))
    async with line.running() as task:
        await asyncio.sleep(1)
        line.stop.ask("SIGINT")
        held = line.queue.faults.hold("change_visibility")
        line.queue.put("{}")
        await line.until(lambda: line.queue.calls["change_visibility"])
        line.stop.ask("SIGINT")
        await asyncio.sleep(1)
        held.set()
        await task
    assert line.queue.in_flight == 0


@virtual_time
async def test_a_stop_mid_send_buries_what_must_not_be_repeated() -> None:
    """The request has left and no answer came."""
    line = Line(vendor=ScriptedVendor(latency=100), rules=Rules(Policy(bury_ambiguous=True)))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
    assert (len(line.queue), len(line.dead)) == (0, 1)
    assert [event.outcome for event in line.events.of(MessageSettled)] == ["Ambiguous"]


@pytest.mark.parametrize("buries", [False, True])
@virtual_time
async def test_a_stop_at_the_gate_hands_back_what_waits_there(buries: bool) -> None:
    """A closed gate does not hold up a stop beyond the grace; what was throttled may be repeated."""
    vendor = ScriptedVendor(lambda jobs: [Throttled(timedelta(seconds=50))] * len(jobs))
    line = Line(vendor=vendor, limits=Limits(concurrency=3), rules=Rules(Policy(bury_ambiguous=buries)))
    line.queue.put("{}", "{}", "{}")
    async with line.running():
        await vendor.arrived.wait()
    assert (line.queue.in_flight, len(line.queue)) == (0, 3)


@virtual_time
async def test_a_stop_mid_settle_confirms_it() -> None:
    """A decided message is settled even though the grace has ended."""
    line = Line(times=Times(grace=2, poll=20, flush=5))
    line.queue.put("{}")
    async with line.running():
        held = line.queue.faults.hold("delete")
        await line.until(lambda: line.queue.calls["delete"])
        line.stop.ask("test")
        await asyncio.sleep(3)
        held.set()
    assert not len(line.queue)
    assert [event.outcome for event in line.events.of(MessageSettled)] == ["Delivered"]


@virtual_time
async def test_a_long_job_that_is_stopped_goes_back_at_its_cursor() -> None:
    """Between two rounds a stop sends the continuation."""
    rounds = iter(range(1, 1000))
    vendor = ScriptedVendor(lambda _jobs: [Continue(f"c{next(rounds)}")], latency=3)
    line = Line(vendor=vendor)
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await asyncio.sleep(7)
    [left] = line.queue.stored
    assert json.loads(left.outgoing.attributes["sluice-continuation"].text)["cursor"] == "c3"


@virtual_time
async def test_a_stop_that_takes_too_long_is_told() -> None:
    """A settle that SQS never confirms does not hold the process beyond grace and flush."""
    line = Line(times=Times(grace=2, poll=1, flush=5), visibility=timedelta(hours=1))
    line.queue.put("{}")
    task = asyncio.create_task(line.run())
    line.queue.faults.hold("delete")
    await line.until(lambda: line.queue.calls["delete"])
    line.stop.ask("test")
    asked = line.clock.monotonic()
    with pytest.raises(OverdueError, match="7 s"):
        await task
    assert line.clock.monotonic() - asked < 30


class Topic:
    """A topic that is away."""

    async def publish(self, publications: Sequence[Publication]) -> None:
        raise UnavailableError("away")


@virtual_time
async def test_what_cannot_be_published_does_not_hold_up_a_stop() -> None:
    """It is tried again for as long as its lease lives, but not beyond grace and flush."""
    vendor = ScriptedVendor(lambda jobs: [Delivered((Publication("x"),))] * len(jobs))
    line = Line(vendor=vendor, publications=Topic(), times=Times(grace=2, poll=1, flush=5))
    line.queue.put("{}")
    task = asyncio.create_task(line.run())
    await vendor.arrived.wait()
    line.stop.ask("test")
    asked = line.clock.monotonic()
    with pytest.raises(OverdueError):
        await task
    assert line.clock.monotonic() - asked < 10


class Poison(ScriptedVendor):
    """Breaks the pipeline itself, so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    async def __aenter__(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise OSError("broken")

    async def __aexit__(self, *raised: object) -> None:
        return


@virtual_time
async def test_a_crashed_pipeline_starts_again_with_backoff() -> None:
    """Each crash in a row waits longer, and the work goes on afterwards."""
    line = Line(vendor=Poison(4))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    crashes = line.events.of(PipelineCrashed)
    assert [crash.crashes for crash in crashes] == [1, 2, 3, 4]
    assert crashes[0].error.startswith("OSError at ")
    assert "broken" not in crashes[0].error
    assert crashes[3].restart_seconds > crashes[0].restart_seconds


@virtual_time
async def test_a_crash_hands_back_what_is_held_and_leaves_the_poll_alone() -> None:
    """A poll in the air outlives its pipeline: what it brings is visible again at once."""
    line = Line(vendor=ScriptedVendor(latency=5))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        await asyncio.sleep(1)
        line.gate.admit = None  # type: ignore[method-assign,assignment]  # a bug of ours
        line.queue.put('{"second": true}')
        await line.until(lambda: line.events.of(PipelineCrashed))
        del line.gate.admit
        await line.drained()
    assert line.queue.cancelled_receives == 0
    assert len(set(line.vendor.keys)) == 2
    assert "HandedBack" in {event.outcome for event in line.events.of(MessageSettled)}


@pytest.mark.parametrize("ticks", range(12))
@virtual_time
async def test_what_a_poll_brings_at_the_instant_of_a_crash_goes_back(ticks: int) -> None:
    """Whichever comes first, and however little: it is delivered long before its visibility ends."""
    line = Line()

    async def broken(*_: object) -> None:
        line.queue.put('{"second": true}')
        for _ in range(ticks):
            await asyncio.sleep(0)
        raise OSError("a bug of ours")

    line.gate.admit = broken  # type: ignore[method-assign,assignment]
    line.queue.put("{}")
    async with line.running():
        await line.until(lambda: line.events.of(PipelineCrashed))
        crashed = line.clock.monotonic()
        del line.gate.admit
        await line.vendor.arrived.wait()
        assert line.clock.monotonic() - crashed < 10
        await line.drained()


@virtual_time
async def test_a_stop_while_a_crashed_pipeline_waits_ends_at_once() -> None:
    """Its backoff does not hold up the stop."""
    line = Line(vendor=Poison(1000))
    async with line.running():
        await asyncio.sleep(200)
        asked = line.clock.monotonic()
    assert line.clock.monotonic() - asked < 1


@virtual_time
async def test_sqs_away_is_waited_for() -> None:
    """A receive that fails is tried again, later and later; no crash, nothing lost."""
    line = Line()
    line.queue.faults.fail_next("receive", UnavailableError("away", code="ServiceUnavailable"), times=5)
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    failed = line.events.of(AwsCallFailed)
    assert [event.error for event in failed] == ["ServiceUnavailable"] * 5
    assert not line.events.of(PipelineCrashed)


@virtual_time
async def test_a_stop_while_sqs_is_away_ends_soon() -> None:
    """The pause between two tries watches the stop."""
    line = Line()
    line.queue.faults.fail_next("receive", UnavailableError("away"), times=1000)
    async with line.running():
        await asyncio.sleep(60)
        asked = line.clock.monotonic()
    assert line.clock.monotonic() - asked < 1


@virtual_time
async def test_a_refusal_of_sqs_crashes_and_restarts() -> None:
    """A permission that was taken away may come back: the pipeline tries on, and says so."""
    line = Line()
    line.queue.faults.fail_next("receive", RefusedError("AccessDenied"))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert len(line.events.of(PipelineCrashed)) == 1


class Away(ScriptedVendor):
    """Notes that it was opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []

    async def __aenter__(self) -> None:
        self.states.append("open")

    async def __aexit__(self, *raised: object) -> None:
        self.states.append(f"closed with {self.sending}")


@virtual_time
async def test_a_vendor_s_connections_outlive_its_deliveries() -> None:
    """They are opened once and closed when nothing is being sent any more."""
    vendor = Away()
    line = Line(vendor=vendor)
    line.queue.put(*["{}"] * 5)
    async with line.running():
        await vendor.arrived.wait()
    assert vendor.states == ["open", "closed with 0"]


@virtual_time
async def test_the_loops_turn_while_nothing_can_be_received() -> None:
    """A closed gate and a full pipeline both still beat within the minute."""

    def script(jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        return [Throttled(timedelta(minutes=10)) if len(line.vendor.sent) == 1 else Delivered()] * len(jobs)

    line = Line(vendor=ScriptedVendor(script))
    line.queue.put("{}")
    async with line.running():
        await asyncio.sleep(60)
        before = line.beats
        await asyncio.sleep(60)
        assert line.beats > before
        await line.drained()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_ask_for_the_stop_and_then_end_the_grace(number: signal.Signals) -> None:
    """The platform's SIGTERM and a person's Ctrl-C are the same; afterwards they are as they were."""
    stop = Stop()
    before = signal.getsignal(number)
    with signals(stop):
        signal.raise_signal(number)
        await stop.stopping.wait()
        assert (stop.reason, stop.grace_over.is_set()) == (number.name, False)
        signal.raise_signal(number)
        await stop.grace_over.wait()
    assert signal.getsignal(number) in (before, signal.SIG_DFL, signal.default_int_handler)


@virtual_time
async def test_a_paused_vendor_receives_nothing_and_stops_at_once() -> None:
    """Its messages wait in the queue, unseen; the loop turns all the same, and says why it does nothing."""
    line = Line(limits=Limits(concurrency=10, paused=True))
    line.queue.put("{}")
    async with line.running():
        await asyncio.sleep(300)
        assert line.beats > 200
    assert line.queue.calls["receive"] == 0
    assert [event.reason for event in line.events.of(GateClosed)] == ["paused"]
