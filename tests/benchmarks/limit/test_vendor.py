"""The vendor of the benchmark writes down what it is told, row by row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from benchmarks.limit.vendor import SENDER, SENT, Desk, serve
from worker.local.process import Process


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[str]:
    """Its endpoint."""
    async with Process("the vendor", serve) as process:
        yield process.reported


async def post(desk: Desk, sender: str, sent: float) -> None:
    headers = {SENDER: sender, SENT: repr(sent)}
    async with aiohttp.ClientSession() as session, session.post(desk.url, json={}, headers=headers) as answer:
        assert answer.status == 200


async def test_each_row_has_its_own_requests(vendor: str) -> None:
    """A request is told with its instants and its sender, at the desk where it came in and at no other."""
    one, other = Desk(f"{vendor}/one"), Desk(f"{vendor}/other")
    await post(one, "w1", 12.5)
    (request,) = await one.requests()
    assert (request.sent, request.sender) == (12.5, "w1")
    assert request.arrived > request.sent
    assert await other.requests() == []


async def test_who_waits_for_a_sender_learns_of_its_first_request(vendor: str) -> None:
    """One waits until just that sender has sent."""
    desk = Desk(f"{vendor}/one")
    begun = asyncio.create_task(desk.begun("w2"))
    await post(desk, "w1", 1.0)
    assert len(await desk.requests()) == 1  # asked later, and answered
    assert not begun.done()
    await post(desk, "w2", 2.0)
    await begun
