"""The throttle keeps the limit whatever happens, and uses it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import stall, virtual_time
from tests.fakes.windows import keeps
from worker.model.adaptive import CUT, RECOVERY
from worker.model.errors import BadMessageError
from worker.model.rate import parse_rate
from worker.pipeline.throttle import Throttle

RATES = ["10/s", "80/s", "1000/s", "600/min", "90/min", "0.5/s", "1/s", "24/h", ["10/s", "150/min"], ["3/s", "5/s"]]


async def send(throttle: Throttle, count: int, pauses: list[float] | None = None, *, cost: int = 1) -> list[float]:
    """Send so many, one after the other; the instants of sending."""
    loop, sent = asyncio.get_running_loop(), []
    for number in range(count):
        if pauses:
            await asyncio.sleep(pauses[number % len(pauses)])
        await throttle.wait(cost)
        throttle.take(cost)
        sent.append(loop.time())
    return sent


@pytest.mark.parametrize("adaptive", [False, True], ids=["fixed", "adaptive"])
@pytest.mark.parametrize("text", RATES, ids=str)
@virtual_time
async def test_the_limit_is_kept_and_used(text: object, adaptive: bool) -> None:
    """No window above the limit, and at least 99 % of limit / (window + guard) of the tightest."""
    rate, guard = parse_rate(text), 0.02
    throttle = Throttle(rate, guard=guard, clock=LoopClock(), adaptive=adaptive)
    sent = await send(throttle, 3_000)
    assert keeps(rate, sent)
    tightest = min(rate.windows, key=lambda window: window.limit / (window.seconds + guard))
    steady = sent[tightest.limit :]  # the first window is full from the start on
    used = (len(steady) - 1) / (steady[-1] - steady[0])
    assert used >= 0.99 * tightest.limit / (tightest.seconds + guard)


@pytest.mark.parametrize("text", ["10/s", "600/min"])
@virtual_time
async def test_what_timers_are_late_is_made_up_for(text: str) -> None:
    """A loop that is busy for 6.4 ms of every 10.7, and still 99 % are used."""

    async def busy() -> None:
        while True:
            await asyncio.sleep(0.0043)
            stall(0.0064)

    rate, work = parse_rate(text), asyncio.create_task(busy())
    sent = await send(Throttle(rate, guard=0.0, clock=LoopClock()), 2_000)
    work.cancel()
    assert keeps(rate, sent)
    assert len(sent) / (sent[-1] - sent[0]) >= 0.99 * rate.per_second


class CoarseClock(LoopClock):
    """A clock that ticks every 16 ms, as some do: after a sleep it may be earlier than was asked for."""

    def monotonic(self) -> float:
        return super().monotonic() // 0.016 * 0.016


@virtual_time
async def test_a_coarse_clock_does_not_let_one_through_early() -> None:
    """By that clock a window and a guard lie between two sends."""
    clock = CoarseClock()
    throttle = Throttle(parse_rate("1/s"), guard=0.02, clock=clock)
    sent = []
    for _ in range(5):
        await throttle.wait()
        throttle.take()
        sent.append(clock.monotonic())
    assert all(late - early >= 1.02 for early, late in pairwise(sent))


@virtual_time
async def test_a_burst_leaves_at_once() -> None:
    """Of 20/s with burst 5, five at the first instant; without a word one."""
    sent = await send(Throttle(parse_rate("20/s"), guard=0.02, clock=LoopClock(), burst=5), 6)
    assert sent[4] == sent[0] < sent[5]
    sent = await send(Throttle(parse_rate("20/s"), guard=0.02, clock=LoopClock()), 2)
    assert sent[0] < sent[1]


@virtual_time
async def test_a_burst_is_never_more_than_the_limit() -> None:
    """Were it configured higher."""
    sent = await send(Throttle(parse_rate("2/s"), guard=0.02, clock=LoopClock(), burst=50), 3)
    assert sent[2] - sent[0] > 1.02


@virtual_time
async def test_who_gives_up_waiting_takes_nothing() -> None:
    """A cancelled wait leaves its turn to the next, who need not be paced once more."""
    throttle = Throttle(parse_rate("1/min"), guard=0.0, clock=LoopClock())
    await send(throttle, 1)
    start = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(59):
            await throttle.wait()
    await throttle.wait()
    assert asyncio.get_running_loop().time() - start == pytest.approx(60, abs=0.001)


@virtual_time
async def test_the_forecast_is_what_can_be_sent_soon() -> None:
    """At 10/s: what the pace lets through, and nothing while the window is full."""
    throttle = Throttle(parse_rate("10/s"), guard=0.02, clock=LoopClock(), burst=4)
    assert throttle.forecast(0.0) == 4
    assert throttle.forecast(0.5) == 4 + 5
    for _ in range(10):
        throttle.take()
    assert throttle.forecast(1.0) == 0
    assert throttle.forecast(1.1) == 10


def test_what_is_steady_is_what_the_tightest_window_lets_through() -> None:
    """On a long day 150/min, though ten can go in a second."""
    throttle = Throttle(parse_rate(["10/s", "150/min"]), guard=0.02, clock=LoopClock())
    assert throttle.steady(2.0) == pytest.approx(5.0)


@virtual_time
async def test_a_call_counts_as_often_as_it_costs() -> None:
    """Of 10/s, calls of four: two in a second, and the first after the three tokens that were not there."""
    start = asyncio.get_running_loop().time()
    sent = await send(Throttle(parse_rate("10/s"), guard=0.02, clock=LoopClock()), 3, cost=4)
    assert sent[0] - start == pytest.approx(3 / 10.5)
    assert sent[2] - sent[0] == pytest.approx(1.02, abs=0.001)


@virtual_time
async def test_a_call_that_costs_more_than_the_limit_is_refused_at_once() -> None:
    """It would wait for ever; also where the limit is lowered while it waits."""
    throttle = Throttle(parse_rate(["10/s", "12/min"]), guard=0.02, clock=LoopClock())
    with pytest.raises(BadMessageError, match="13 times"):
        await throttle.wait(13)
    await send(throttle, 1, cost=10)
    waiting = asyncio.create_task(throttle.wait(9))
    await asyncio.sleep(1.0)
    throttle.change(parse_rate("8/s"))
    with pytest.raises(BadMessageError, match="9 times"):
        await waiting


@pytest.mark.parametrize("sent", [0, 1], ids=["by its pace", "by its window"])
@virtual_time
async def test_a_higher_rate_lets_a_waiter_go_at_once(sent: int) -> None:
    """Whatever it waits by."""
    loop, throttle = asyncio.get_running_loop(), Throttle(parse_rate("2/h"), guard=0.02, clock=LoopClock())
    await send(throttle, sent, cost=2)
    waiting = asyncio.create_task(throttle.wait(2))
    await asyncio.sleep(7.0)
    throttle.change(parse_rate("3/h"))
    throttle.change(parse_rate("40/s"))
    start = loop.time()
    await waiting
    assert loop.time() - start <= 0.001


@virtual_time
async def test_a_rate_may_change_again_before_a_waiter_has_noticed() -> None:
    """The last one holds: of three tokens one was in hand, one is the burst, and one it waits for."""
    loop, throttle = asyncio.get_running_loop(), Throttle(parse_rate("3/h"), guard=0.02, clock=LoopClock())
    waiting = asyncio.create_task(send(throttle, 1, cost=3))
    await asyncio.sleep(7.0)
    start = loop.time()
    throttle.change(parse_rate("40/s"))
    loop.call_soon(throttle.change, parse_rate("10/s"))
    loop.call_soon(throttle.change, parse_rate("3/min"))
    assert await waiting == [pytest.approx(start + 20 / 1.05, abs=0.001)]


@virtual_time
async def test_a_lower_rate_makes_a_waiter_wait() -> None:
    """It would have left after 95 ms; now a second after the one before it."""
    throttle = Throttle(parse_rate("10/s"), guard=0.02, clock=LoopClock())
    (first,) = await send(throttle, 1)
    waiting = asyncio.create_task(send(throttle, 1))
    await asyncio.sleep(0.01)
    throttle.change(parse_rate("1/s"))
    assert await waiting == [pytest.approx(first + 1.02, abs=0.001)]


@virtual_time
async def test_a_throttled_adaptive_rate_is_less_and_comes_back() -> None:
    """Seven tenths of the window for a moment, and half a minute later all of it."""
    rate, loop = parse_rate("100/s"), asyncio.get_running_loop()
    throttle = Throttle(rate, guard=0.0, clock=LoopClock(), adaptive=True)
    await send(throttle, 300)
    throttle.throttled(loop.time())
    assert (throttle.factor, throttle.steady(2.0)) == (CUT, pytest.approx(CUT * 200))
    sent = await send(throttle, 3_000)
    assert keeps(rate, sent)
    within = [sum(second <= at - sent[0] < second + 1 for at in sent) for second in range(32)]
    assert all(100 * (CUT + RECOVERY * second) - 1 <= within[second] for second in range(30))
    assert within[1] <= 100 * (CUT + 2 * RECOVERY) + 5  # the burst
    assert within[31] >= 99


@virtual_time
async def test_a_throttled_adaptive_rate_counts_in_every_window() -> None:
    """A vendor that throttles each 20 s: of 150/min the part that is left, though 10/s would let all of it pass."""
    rate, loop = parse_rate(["10/s", "150/min"]), asyncio.get_running_loop()
    throttle = Throttle(parse_rate("10/s"), guard=0.0, clock=LoopClock(), adaptive=True)
    throttle.change(rate)

    async def vendor() -> None:
        while True:
            throttle.throttled(loop.time())
            await asyncio.sleep(20.0)

    throttling = asyncio.create_task(vendor())
    sent = await send(throttle, 2_700)
    throttling.cancel()
    assert keeps(rate, sent)
    least = CUT * 20 * RECOVERY / (1 - CUT)  # what is left in the long run after each cut
    part = least + 20 * RECOVERY / 2
    assert (2_700 - 150) / (sent[-1] - sent[0]) == pytest.approx(part * rate.per_second, rel=0.03)


@virtual_time
async def test_a_rate_that_is_not_adaptive_stays_as_it_is() -> None:
    """The cooldown is all there is."""
    throttle = Throttle(parse_rate("10/s"), guard=0.0, clock=LoopClock())
    throttle.throttled(asyncio.get_running_loop().time())
    assert throttle.factor == 1.0
    assert throttle.forecast(1.0) == 10


@virtual_time
async def test_the_forecast_of_a_throttled_adaptive_rate_is_less() -> None:
    """In a second seven tenths of the pace, and the burst."""
    throttle = Throttle(parse_rate("100/s"), guard=0.0, clock=LoopClock(), adaptive=True)
    assert throttle.forecast(0.5) == 5 + 52
    throttle.throttled(asyncio.get_running_loop().time())
    assert throttle.forecast(0.5) == 5 + int(105 * 0.5 * (CUT + RECOVERY / 4))


@virtual_time
async def test_it_is_idle_when_one_made_anew_would_be_the_same() -> None:
    """Nothing was sent in any window, nobody waits, and it is not slower than it was."""
    loop = asyncio.get_running_loop()
    for adaptive in (False, True):
        throttle = Throttle(parse_rate(["10/s", "20/min"]), guard=0.02, clock=LoopClock(), adaptive=adaptive)
        throttle.wanted = 1
        assert not throttle.is_idle(loop.time())
        await send(throttle, 1)
        throttle.wanted = 0
        assert not throttle.is_idle(loop.time() + 60.0)
        assert throttle.is_idle(loop.time() + 60.1)
        throttle.throttled(loop.time(), closed_for=50.0)
        assert throttle.is_idle(loop.time() + 60.1) is not adaptive


def test_it_keeps_the_limit_alone() -> None:
    """So it reserves nothing, and has nobody to miss."""
    throttle = Throttle(parse_rate("10/s"), guard=0.02, clock=LoopClock())
    assert (throttle.is_degraded, throttle.ahead, throttle.waits_for) == (False, 0, "")
