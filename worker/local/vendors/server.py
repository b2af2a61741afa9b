"""Simulated vendors on loopback, each at its own port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web
from pydantic import TypeAdapter

from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.counters import Counters, Wire
from worker.local.vendors.simulated import ARRIVALS, COUNTERS, SimulatedVendor

HOST = "127.0.0.1"
_TIMES = TypeAdapter(list[tuple[float, int]])


def serve(behaviours: Sequence[Behaviour], report: Callable[[Mapping[str, str]], None]) -> None:
    """Serve in this process until it is ended; reports each vendor's endpoint by its name.

    Made for `Process("vendors", partial(serve, behaviours))`.
    """
    asyncio.run(_serve(behaviours, report))


@asynccontextmanager
async def hosted(vendors: Sequence[SimulatedVendor]) -> AsyncIterator[Mapping[str, str]]:
    """Serve in this loop; yields each vendor's endpoint by its name."""
    async with AsyncExitStack() as stack:
        yield {vendor.behaviour.name: await _start(vendor, stack) for vendor in vendors}


async def counters(endpoint: str) -> Counters:
    """Ask a vendor what it counted."""
    return Wire.validate_json(await _get(endpoint + COUNTERS))


async def arrivals(endpoint: str) -> Sequence[tuple[float, int]]:
    """Ask a vendor when what arrived: monotonic seconds and the status that was answered."""
    return _TIMES.validate_json(await _get(endpoint + ARRIVALS))


async def _serve(behaviours: Sequence[Behaviour], report: Callable[[Mapping[str, str]], None]) -> None:
    async with hosted([SimulatedVendor(behaviour) for behaviour in behaviours]) as endpoints:
        report(endpoints)
        await asyncio.Event().wait()


async def _start(vendor: SimulatedVendor, stack: AsyncExitStack) -> str:
    runner = web.ServerRunner(web.Server(vendor.handle), shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, HOST, 0).start()
    return f"http://{HOST}:{runner.addresses[0][1]}"


async def _get(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()
