"""Permits forecast what can be sent soon, and no more is received."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.outcome import Delivered, Outcome, Scope, Throttled
from worker.model.rate import parse_rate
from worker.pipeline.gate import Gate, Limits
from worker.pipeline.permits import Look, Permits
from worker.pipeline.places import Places
from worker.pipeline.postponed import Postponed
from worker.pipeline.throttle import Throttle


class Counter:
    """A gate, its places and permits, and messages that are received, sent and done."""

    def __init__(
        self, *, rate: object = None, concurrency: int = 10, ahead: float = 2.0, receivers: int = 1, batch: int = 1
    ) -> None:
        clock = LoopClock()
        throttle = None if rate is None else Throttle(parse_rate(rate), guard=0.02, clock=clock)
        self.gate = Gate("foo", Limits(concurrency, throttle), clock=clock, telemetry=RecordedTelemetry())
        self.places = Places(self.gate.moved)
        self.stopping = asyncio.Event()
        self.beats = 0
        self.permits = Permits(self.gate, self.places, Look(ahead, concurrency, receivers, batch), self.beat)

    def beat(self) -> None:
        self.beats += 1

    async def take(self) -> int:
        return await self.permits.take(self.stopping)

    async def taken(self, within: float = 0.0) -> int | None:
        """The permits that are given within so many seconds; None: none."""
        try:
            async with asyncio.timeout(within + 0.001):
                return await self.take()
        except TimeoutError:
            return None

    def receive(self, count: int) -> None:
        """Messages are in hand."""
        self.places.reserve(count)
        self.places.fill(count, count)

    async def send(self, outcome: Outcome | None = None, seconds: float = 0.0) -> None:
        """One message in hand is sent and done."""
        with await self.gate.admit() as passage:
            await asyncio.sleep(seconds)
            passage.observe([outcome or Delivered()])
        self.places.free()


@virtual_time
async def test_at_most_ten_are_permitted_at_once() -> None:
    """SQS hands out no more."""
    assert await Counter(concurrency=100).take() == 10


@virtual_time
async def test_permits_reserve_their_places() -> None:
    """A second receive does not count on the same room: at concurrency 10 there is one full receive."""
    counter = Counter()
    assert await counter.take() == 10
    assert counter.places.taken == 10
    assert await counter.taken(60) is None


@virtual_time
async def test_a_slow_vendor_s_messages_are_not_fetched_before_they_can_start() -> None:
    """One request at once: one message, and the next when it is done."""
    counter = Counter(concurrency=1)
    assert await counter.take() == 1
    counter.places.fill(1, 1)
    assert await counter.taken(60) is None
    await counter.send(seconds=100)
    assert await counter.taken() == 1


@virtual_time
async def test_a_fast_vendor_s_messages_are_fetched_in_tens() -> None:
    """One request at once that takes 50 ms: of what is done within the look-ahead, a receive's worth is in hand."""
    counter = Counter(concurrency=1)
    counter.receive(1)
    await counter.send(seconds=0.05)
    assert await counter.taken() == 10


@virtual_time
async def test_at_most_two_receives_are_held_beyond_concurrency() -> None:
    """However fast the vendor is: what waits in hand waits nowhere else."""
    counter = Counter(concurrency=1)
    counter.receive(1)
    await counter.send(seconds=0.001)
    while count := await counter.taken(30):
        counter.places.fill(count, count)
    assert 1 + 10 < counter.places.held <= 1 + 20


@virtual_time
async def test_a_huge_backlog_is_received_at_the_pace_of_the_throttle() -> None:
    """At 1/s never more in hand than fits the look-ahead of 2 s, and the whole rate is used."""
    counter = Counter(rate="1/s")
    most = sent = 0

    async def receive() -> None:
        nonlocal most
        while count := await counter.take():
            counter.places.fill(count, count)
            most = max(most, counter.places.held)
            for _ in range(count):
                group.create_task(deliver())

    async def deliver() -> None:
        nonlocal sent
        await counter.send(seconds=0.1)
        sent += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(receive())
        await asyncio.sleep(102)
        counter.stopping.set()
        counter.gate.moved.set()
    assert most <= 3
    assert sent >= 99


@virtual_time
async def test_a_window_that_is_used_up_is_received_for_just_before_it_opens() -> None:
    """At 1/h the next message stays in the queue for an hour, not in hand, and is there in time."""
    counter = Counter(rate="1/h")
    assert await counter.take() == 1
    counter.places.fill(1, 1)
    await counter.send()
    assert await counter.taken(within=3590) is None
    assert await counter.taken(within=10) == 1


@virtual_time
async def test_a_vendor_that_takes_batches_is_received_for_in_batches() -> None:
    """At one request a second of a hundred jobs, as many jobs as two requests carry are fetched."""
    counter = Counter(rate="1/s", concurrency=1, batch=100)
    received = 0
    while count := await counter.taken(within=0.1):
        counter.places.fill(count, count)
        received += count
    assert 90 < received <= 200


@virtual_time
async def test_what_waits_in_hand_has_a_claim_on_the_forecast() -> None:
    """At 2/s four can be sent within the look-ahead of 2 s, and four are here already."""
    counter = Counter(rate="2/s")
    counter.receive(4)
    assert await counter.taken() is None


@virtual_time
async def test_what_is_in_the_air_has_none_any_more() -> None:
    """It was sent: the throttle knows of it, and the next four can be."""
    counter = Counter(rate="2/s")
    counter.receive(4)
    sending = [asyncio.create_task(counter.send(seconds=60)) for _ in range(4)]
    await asyncio.sleep(30)
    assert await counter.taken() == 4
    await asyncio.wait(sending)


@virtual_time
async def test_with_something_in_hand_the_throttle_s_forecast_holds() -> None:
    """None while the window is full."""
    counter = Counter(rate="2/min")
    counter.receive(3)
    await counter.send()
    await asyncio.sleep(40)
    await counter.send()
    assert await counter.taken(17) is None


@virtual_time
async def test_a_handful_is_not_worth_a_call() -> None:
    """At saturation receives bring tens: fewer than five of ten free places wait for more."""
    counter = Counter(concurrency=10)
    counter.receive(10)
    for _ in range(4):
        counter.places.free()
    assert await counter.taken(60) is None
    counter.places.free()
    assert await counter.take() == 5


@virtual_time
async def test_what_the_long_windows_let_through_is_worth_a_call() -> None:
    """At 10/s and 60/min two a look-ahead pass in the long run; it does not wait for five at once."""
    counter = Counter(rate=["10/s", "60/min"], concurrency=20)
    for _ in range(60):
        counter.receive(1)
        await counter.send()
        await asyncio.sleep(1)
    counter.receive(1)
    assert await counter.taken(2) in {1, 2}


@virtual_time
async def test_none_is_permitted_while_the_gate_is_closed() -> None:
    """Nothing is received that could not be sent; after the cooldown one."""
    counter = Counter()
    counter.receive(1)
    await counter.send(Throttled(timedelta(seconds=30.5)))
    assert await counter.taken(29) is None
    assert await counter.taken(2) == 1
    assert asyncio.get_running_loop().time() == pytest.approx(START + 30.5, abs=0.01)


@virtual_time
async def test_a_gate_ajar_gets_one_and_only_with_nothing_in_work() -> None:
    """What is in hand is the probe; else a receive brings one."""
    counter = Counter()
    counter.receive(2)
    await counter.send(Throttled(timedelta(seconds=5)))
    await asyncio.sleep(5)
    assert await counter.taken(60) is None
    counter.places.free()
    assert await counter.take() == 1
    assert await counter.taken(60) is None


@virtual_time
async def test_a_probe_that_came_back_well_brings_tens_again() -> None:
    """At once: permits are told when the gate opens."""
    counter = Counter(concurrency=100)
    counter.receive(2)
    await counter.send(Throttled(timedelta(seconds=5)))
    waiting = asyncio.create_task(counter.take())
    await counter.send()
    assert await waiting == 10
    assert asyncio.get_running_loop().time() == pytest.approx(START + 5, abs=0.01)


@virtual_time
async def test_a_key_that_is_closed_closes_no_receive() -> None:
    """It is the messages' own affair."""
    counter = Counter()
    counter.receive(1)
    await counter.send(Throttled(timedelta(seconds=30), Scope("a")))
    assert await counter.taken() == 10


@virtual_time
async def test_a_stop_gives_none_even_to_those_who_wait() -> None:
    """Zero says: receive no more."""
    counter = Counter()
    counter.receive(10)
    waiting = asyncio.create_task(counter.take())
    await asyncio.sleep(30)
    counter.stopping.set()
    counter.gate.moved.set()
    assert await waiting == 0
    assert await counter.take() == 0


@virtual_time
async def test_waiting_beats() -> None:
    """Every second, so that a receiver that waits is known to live."""
    counter = Counter()
    counter.receive(10)
    await counter.taken(60)
    assert 60 <= counter.beats <= 62


@virtual_time
async def test_nothing_is_received_while_too_many_are_postponed() -> None:
    """They count as in flight, for which SQS has a limit; once some of them are visible again it goes on."""
    counter = Counter()
    postponed = Postponed(LoopClock())
    look = Look(2.0, 10, 1)
    counter.permits = Permits(counter.gate, counter.places, look, counter.beat, postponed)
    for number in range(50_000):
        postponed.add(timedelta(seconds=60 if number else 30))
    assert await counter.taken(29) is None
    assert await counter.taken(2) == 10
