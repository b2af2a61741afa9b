"""One task sends at a time: it keeps its right, hands it over, and goes on carefully where nobody can be asked."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.tenure import MemoryTenure, Seat
from worker.model.errors import UnavailableError
from worker.pipeline.tenancy import Tenancy

WINDOW = timedelta(seconds=60)
AWAY = UnavailableError("away", code="Away")


class Task:
    """One task that wants to send."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.clock = LoopClock()
        self.tenure = MemoryTenure(seat, self.clock)
        self.tenancy = Tenancy(self.tenure, window=WINDOW, clock=self.clock)

    async def opened_after(self) -> float:
        """Seconds until it may send."""
        began = self.clock.monotonic()
        await self.tenancy.opened()
        return self.clock.monotonic() - began


@virtual_time
async def test_the_first_task_may_send_at_once_and_goes_on() -> None:
    """Its right is claimed again long before it ends."""
    task = Task(Seat())
    async with task.tenancy:
        assert await task.opened_after() < 1
        for _ in range(100):
            await asyncio.sleep(3)
            assert task.tenancy.opens_in() == 0.0


@virtual_time
async def test_the_second_waits_for_the_first_s_stop_and_a_window() -> None:
    """A deploy hands over; what the old task sent counts until it is a window old."""
    seat = Seat()
    old, new = Task(seat), Task(seat)
    async with AsyncExitStack() as stack:
        async with old.tenancy:
            await old.tenancy.opened()
            await stack.enter_async_context(new.tenancy)
            await asyncio.sleep(20)
            assert new.tenancy.opens_in() == math.inf
        assert 60 <= await new.opened_after() <= 66


@virtual_time
async def test_a_right_that_begins_later_does_not_begin_sooner_when_it_is_renewed() -> None:
    """The window of the one who died is waited for, however often the claim is repeated meanwhile."""
    task = Task(Seat())
    now = task.clock.now().timestamp()
    task.seat.owner, task.seat.ends, task.seat.counts_until = object(), now + 3, now + 63
    async with task.tenancy:
        assert 63 <= await task.opened_after() <= 64


@virtual_time
async def test_a_holder_whose_claims_fail_is_adrift_from_the_end_of_its_right() -> None:
    """Three failed claims cost nothing; then it may have been taken over by somebody whom we cannot see."""
    task = Task(Seat())
    async with task.tenancy:
        await task.tenancy.opened()
        task.tenure.faults.fail_next("claim", AWAY, times=100)
        await asyncio.sleep(13)
        assert not task.tenancy.is_adrift
        assert task.tenancy.opens_in() == 0.0
        await asyncio.sleep(10)
        assert task.tenancy.is_adrift
        assert task.tenancy.reason == "Away"
        assert task.tenancy.opens_in() == 0.0


@virtual_time
async def test_a_task_that_never_reached_the_table_is_adrift_after_a_right_and_a_window() -> None:
    """It may not begin at once: somebody may be sending."""
    task = Task(Seat())
    task.tenure.faults.fail_next("claim", AWAY, times=100)
    async with task.tenancy:
        assert 80 <= await task.opened_after() <= 86
        assert task.tenancy.is_adrift


@virtual_time
async def test_who_comes_back_and_finds_another_stops() -> None:
    """The right is the other's by now."""
    seat = Seat()
    ours, theirs = Task(seat), Task(seat)
    async with ours.tenancy:
        await ours.tenancy.opened()
        ours.tenure.faults.fail_next("claim", AWAY, times=8)
        await asyncio.sleep(30)
        async with theirs.tenancy:
            await asyncio.sleep(15)
            assert ours.tenancy.opens_in() == math.inf
            assert not ours.tenancy.is_adrift


@virtual_time
async def test_a_claim_that_hangs_is_a_failed_one() -> None:
    """After two seconds the next is made in its turn."""
    task = Task(Seat())
    answered = task.tenure.faults.hold("claim")
    async with task.tenancy:
        await asyncio.sleep(3)
        assert task.tenancy.reason == "TimeoutError"
        answered.set()
        assert await task.opened_after() <= 10


@virtual_time
async def test_a_stop_does_not_wait_for_a_table_that_is_away() -> None:
    """The right ends by itself."""
    task = Task(Seat())
    async with task.tenancy:
        await task.tenancy.opened()
        task.tenure.faults.hold("release")
        began = task.clock.monotonic()
    assert task.clock.monotonic() - began <= 1


@virtual_time
async def test_a_crash_releases_nothing() -> None:
    """Its requests may still be on their way: the next one waits the whole of it."""
    seat = Seat()
    task = Task(seat)
    with suppress(ZeroDivisionError):
        async with task.tenancy:
            await task.tenancy.opened()
            1 / 0  # noqa: B018 - it crashes
    assert seat.owner is task.tenure


@virtual_time
async def test_who_waits_for_another_s_right_is_let_go_in_time() -> None:
    """Nobody knows when that ends; what it waits with can be sent there."""
    old, new = Task(seat := Seat()), Task(seat)
    async with old.tenancy:
        await old.opened_after()
        async with new.tenancy:
            began = new.clock.monotonic()
            await new.tenancy.opened(20)
            assert new.tenancy.opens_in() == math.inf
            assert 20 <= new.clock.monotonic() - began <= 25
