"""What the vendor said gets to the other tasks, as long as it matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.reservations import FaultyReservations
from worker.model.errors import RefusedError, UnavailableError
from worker.model.reservation import Closed, Reopened
from worker.pipeline.news import News


@asynccontextmanager
async def kept(news: News) -> AsyncIterator[None]:
    keeping = asyncio.create_task(news.keep())
    yield
    keeping.cancel()
    await asyncio.wait((keeping,))


def soon() -> float:
    return LoopClock().now().timestamp() + 5.0


@virtual_time
async def test_it_is_told_in_the_order_of_its_coming() -> None:
    """A closing, then the good probe that is over it: nothing is closed."""
    reservations = FaultyReservations()
    news = News(reservations, LoopClock())
    async with kept(news):
        until = soon()
        news.add(Closed(until), 5.0)
        await asyncio.sleep(0.1)
        assert (await reservations.state()).closed_until == until
        await asyncio.sleep(5.0)
        news.add(Reopened(), 30.0)
        await asyncio.sleep(0.1)
    assert (await reservations.state()).closed_until is None
    assert len(news) == 0


@virtual_time
async def test_it_is_told_again_until_it_is_known() -> None:
    """The table errs, refuses, hangs, and loses its answer."""
    reservations = FaultyReservations()
    news = News(reservations, LoopClock())
    reservations.faults.fail_next("tell", UnavailableError("away"))
    reservations.faults.fail_next("tell", RefusedError("no"))
    reservations.faults.lose_next("tell")
    hung = reservations.faults.hold("tell")
    until = soon()
    news.add(Closed(until), 5.0)
    async with kept(news):
        await asyncio.sleep(1.2)
        hung.set()
        await asyncio.sleep(3.0)
    assert (await reservations.state()).closed_until == until
    assert reservations.faults.calls["tell"] == 5
    assert len(news) == 0


@virtual_time
async def test_what_does_not_matter_any_more_is_not_told() -> None:
    """It gives way to what comes after it."""
    reservations = FaultyReservations()
    news = News(reservations, LoopClock())
    reservations.faults.fail_next("tell", UnavailableError("away"), times=100)
    async with kept(news):
        news.add(Closed(soon()), 5.0)
        await asyncio.sleep(6.0)
    assert len(news) == 0
    assert (await reservations.state()).closed_until is None
