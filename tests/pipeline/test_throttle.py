"""The throttle keeps the limit whatever happens, and uses it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import LoopClock
from tests.fakes.loop import run, stall, virtual_time
from tests.fakes.windows import keeps
from worker.model.rate import parse_rate
from worker.pipeline.throttle import Throttle

RATES = ["10/s", "80/s", "1000/s", "600/min", "90/min", "0.5/s", "1/s", "24/h", ["10/s", "150/min"], ["3/s", "5/s"]]


async def send(throttle: Throttle, count: int, pauses: list[float] | None = None) -> list[float]:
    """Send so many, one after the other; the instants of sending."""
    loop, sent = asyncio.get_running_loop(), []
    for number in range(count):
        if pauses:
            await asyncio.sleep(pauses[number % len(pauses)])
        await throttle.wait()
        throttle.take()
        sent.append(loop.time())
    return sent


@pytest.mark.parametrize("text", RATES, ids=str)
@virtual_time
async def test_the_limit_is_kept_and_used(text: object) -> None:
    """No window above the limit, and at least 99 % of limit / (window + guard) of the tightest."""
    rate, guard = parse_rate(text), 0.02
    throttle = Throttle(rate, guard=guard, clock=LoopClock())
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


TEXTS = st.builds("{}/{}".format, st.integers(1, 30), st.sampled_from(["s", "min"])) | st.sampled_from(
    ["0.5/s", "1.5/s", "100/h"]
)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=3),
    guard=st.sampled_from([0.0, 0.02, 0.3]),
    burst=st.none() | st.integers(1, 40),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.3, 2.0, 61.0]), min_size=1, max_size=10),
    stalls=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 10)), max_size=8),
)
def test_no_arrivals_and_no_stall_make_it_exceed_a_window(
    texts: list[str],
    guard: float,
    burst: int | None,
    pauses: list[float],
    stalls: list[tuple[float, float]],
) -> None:
    """At the instants of sending; a stall lets the clock jump while a callback runs."""
    rate = parse_rate(texts)

    async def sent() -> list[float]:
        for at, seconds in stalls:
            asyncio.get_running_loop().call_later(at, stall, seconds)
        throttle = Throttle(rate, guard=guard, clock=LoopClock(), burst=burst)
        return await send(throttle, 80, pauses)

    assert keeps(rate, run(sent()))


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
