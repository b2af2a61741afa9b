"""The virtual loop is exact, never spins and names what hangs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from aiolimiter import AsyncLimiter

from tests.fakes.loop import START, VirtualTimeError, run, virtual_time


@virtual_time
async def test_sleeping_takes_exactly_its_virtual_time() -> None:
    """An hour's sleep ends an hour later, to the float."""
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == START + 3600


@virtual_time
async def test_a_limiter_keeps_its_rate_and_does_not_spin() -> None:
    """Two hundred tokens at 7/s after a burst of three take (200 − 3) / 7 seconds."""
    limiter = AsyncLimiter(3, 3 / 7)
    for _ in range(200):
        await limiter.acquire()
    assert asyncio.get_running_loop().time() - START == pytest.approx(197 / 7, abs=1e-6)


def test_a_deadlock_is_told_with_its_place() -> None:
    """Waiting for what nobody will set raises, and the text has the file that waits."""

    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(VirtualTimeError, match=r"wait for ever: .*stuck at .*test_loop\.py"):
        run(stuck())


def test_going_round_in_circles_ends() -> None:
    """A timer that is set again for ever does not hang the test."""

    async def circle() -> None:
        for _ in itertools.count():
            await asyncio.sleep(3600)

    with pytest.raises(VirtualTimeError, match="days have gone by"):
        run(circle())


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _time_out(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


@pytest.mark.parametrize("wait", [_sleep, _time_out])
def test_two_who_wait_for_less_than_the_rounding_do_not_spin(wait: Callable[[float], Awaitable[None]]) -> None:
    """While one is ready to run the clock does not jump: each of their waits must take its time."""

    async def until(end: float) -> None:
        for _ in range(1000):
            if (left := end - asyncio.get_running_loop().time()) <= 0:
                return
            await wait(left)
        pytest.fail("it spins")

    async def both() -> None:
        end = asyncio.get_running_loop().time() + 1e-12
        async with asyncio.TaskGroup() as group:
            group.create_task(until(end))
            await asyncio.sleep(0)  # so that they are never both asleep
            group.create_task(until(end))

    run(both())
