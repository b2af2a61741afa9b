from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import aiohttp
import pytest
from aiohttp import web

from worker.local.process import Process
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.counters import Worst
from worker.local.vendors.server import arrivals, counters, hosted, serve
from worker.local.vendors.simulated import SENDER, SimulatedVendor
from worker.model.rate import parse_rate


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Client:
    """A vendor in this loop, and how to send to it."""

    endpoint: str
    session: aiohttp.ClientSession
    clock: Hand

    async def post(self, key: str | None = "k", body: str = "{}") -> tuple[int, str]:
        headers = {} if key is None else {"Idempotency-Key": key}
        async with self.session.post(f"{self.endpoint}/v1", data=body, headers=headers) as response:
            return response.status, await response.text()

    async def statuses(self, count: int) -> list[int]:
        return [(await self.post(str(number)))[0] for number in range(count)]


Start = Callable[[Behaviour], Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a simulated vendor in this loop."""
    async with AsyncExitStack() as stack:

        async def one(behaviour: Behaviour) -> Client:
            clock = Hand()
            endpoints = await stack.enter_async_context(hosted([SimulatedVendor(behaviour, clock)]))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(endpoints[behaviour.name], session, clock)

        yield one


async def test_keys_are_counted_once(start: Start) -> None:
    """Delivered are distinct keys answered 2xx; each further 2xx of a key is a duplicate."""
    client = await start(Behaviour("a"))
    for key in ("x", "y", "x", "x"):
        assert (await client.post(key))[0] == 200
    counted = await counters(client.endpoint)
    assert (counted.arrivals, counted.delivered, counted.duplicates) == (4, 2, 2)
    assert counted.answered == {200: 4}


@pytest.mark.parametrize(("key", "body", "told"), [(None, "{}", "no Idempotency-Key"), ("k", "{", "not JSON")])
async def test_requests_are_checked(start: Start, key: str | None, body: str, told: str) -> None:
    """What is not a POST of JSON with a key is refused with the reason, and is not delivered."""
    client = await start(Behaviour("a"))
    status, text = await client.post(key, body)
    assert (status, told in text) == (400, True)
    async with client.session.put(client.endpoint, json={}) as response:
        assert (response.status, await response.json()) == (400, {"error": "PUT instead of POST"})
    assert (await counters(client.endpoint)).delivered == 0


async def test_anything_can_be_taken(start: Start) -> None:
    """For dev: any request is answered with an id of its own, and counts as delivered."""
    client = await start(Behaviour("a", takes_anything=True))
    async with client.session.get(client.endpoint + "/any/where?x=1") as response:
        assert (response.status, await response.json()) == (200, {"ok": True, "id": "a-1"})
    assert (await client.post(None, "<xml/>"))[0] == 200
    counted = await counters(client.endpoint)
    assert (counted.delivered, counted.duplicates) == (2, 0)


async def test_failures_depend_on_the_seed_and_the_order_alone(start: Start) -> None:
    """The same seed fails the same arrivals, about as many as the ratio says."""
    once, again, other = [
        await (await start(Behaviour("a", failure_ratio=0.3, seed=seed))).statuses(100) for seed in (1, 1, 2)
    ]
    assert once == again != other
    assert 15 <= once.count(500) <= 45
    assert set(once) == {200, 500}


async def test_vendor_closes_after_every_so_many(start: Start) -> None:
    """After the third arrival all get 429 with Retry-After for two seconds; then three more are taken."""
    client = await start(Behaviour("a", throttle_every=3, throttle_for=timedelta(seconds=2)))
    assert await client.statuses(5) == [200, 200, 200, 429, 429]
    client.clock.now += 1.999
    async with client.session.post(client.endpoint, json={}, headers={"Idempotency-Key": "k"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "2")
    client.clock.now += 0.001
    assert await client.statuses(4) == [200, 200, 200, 429]
    counted = await counters(client.endpoint)
    assert (counted.closings, counted.worst_closing, counted.worst_defiance) == (2, 3, 1)


async def test_limit_is_measured_not_kept(start: Start) -> None:
    """The fullest rolling window of each limit is reported; nothing is refused for it."""
    client = await start(Behaviour("a", limit=parse_rate(["2/s", "9/min"])))
    for step in (0.0, 0.5, 0.4, 0.1, 10.0):
        client.clock.now += step
        assert (await client.post())[0] == 200
    assert (await counters(client.endpoint)).worst == (Worst(2, 1.0, 3), Worst(9, 60.0, 5))


async def test_latency_is_waited_for(start: Start) -> None:
    """An answer takes as long as the behaviour says (a short real wait: the server's own sleep is the promise)."""
    client = await start(Behaviour("a", latency=timedelta(seconds=0.05)))
    began = time.monotonic()
    assert (await client.post())[0] == 200
    assert time.monotonic() - began >= 0.05


async def test_vendors_run_in_a_process_of_their_own() -> None:
    """Each has its own endpoint, and tells what arrived and when."""
    behaviours = (Behaviour("a"), Behaviour("b", takes_anything=True))
    async with Process("vendors", partial(serve, behaviours)) as process, aiohttp.ClientSession() as session:
        endpoints = process.reported
        async with session.get(endpoints["b"]) as response:
            assert response.status == 200
        ((at, status),) = await arrivals(endpoints["b"])
        assert status == 200
        assert at > 0
        assert (await counters(endpoints["a"])).arrivals == 0
    assert json.dumps(sorted(endpoints)) == '["a", "b"]'


class TellingVendor(SimulatedVendor):
    """Tells when it has written down a request."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self.written_down = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await super().handle(request)
        self.written_down.set()
        return answer


@pytest.mark.parametrize(
    "behaviour", [Behaviour("a", hang_ratio=1), Behaviour("a", cut_ratio=1)], ids=["hangs", "cuts"]
)
async def test_what_is_never_answered_is_done_all_the_same(behaviour: Behaviour) -> None:
    """A vendor that hangs or cuts the connection has taken the request: it counts as delivered, and nobody heard."""
    vendor = TellingVendor(behaviour)
    async with hosted([vendor]) as endpoints, aiohttp.ClientSession() as session:
        request = session.post(endpoints["a"], json={}, headers={"Idempotency-Key": "k", SENDER: "w1"})
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, TimeoutError)):
            async with asyncio.timeout(0.2):
                await request
        async with asyncio.timeout(5):
            await vendor.written_down.wait()
        assert (await counters(endpoints["a"])).delivered == 1
    (arrival,) = vendor.arrivals
    assert (arrival.status, arrival.heard, arrival.key, arrival.sender) == (200, False, "k", "w1")


async def test_an_answer_to_somebody_who_has_gone_is_heard_by_nobody() -> None:
    """A caller that gave up before the answer does not know that it was done, and sends it again."""
    vendor = TellingVendor(Behaviour("a", latency=timedelta(seconds=0.3)))
    async with hosted([vendor]) as endpoints, aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.post(endpoints["a"], json={}, headers={"Idempotency-Key": "k"})
        async with asyncio.timeout(5):
            await vendor.written_down.wait()
    (arrival,) = vendor.arrivals
    assert (arrival.status, arrival.heard) == (200, False)
