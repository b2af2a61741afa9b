"""What is done to a fleet while its limit is watched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from benchmarks.limit.sending import Trouble, Watch
from benchmarks.limit.site import Site
from worker.local.faults import away
from worker.local.history import Frozen, Killed

TASKS = 8
_FIRST = 2  # of them, before the scale-out
_STILL = 3.0  # seconds of a standstill: longer than any send time may be late
_BETWEEN = 4.0  # seconds, about, from one kill or standstill to the next

Troubled = Callable[[Site, float], Awaitable[Watch]]


async def steady(site: Site, seconds: float) -> Watch:
    """Nothing: all work."""
    since = await site.join(TASKS)
    await asyncio.sleep(seconds)
    return Watch(since, monotonic())


async def scale_out(site: Site, seconds: float) -> Watch:
    """Two work; after a third of the time six more are started at once."""
    since = await site.join(_FIRST)
    await asyncio.sleep(seconds / 3)
    at = monotonic()
    joined = await site.join(TASKS - _FIRST)
    await asyncio.sleep(since + seconds - joined)
    return Watch(since, monotonic(), [Trouble("joined", at, joined)])


async def kills(site: Site, seconds: float) -> Watch:
    """Every few seconds the oldest is killed, and a new one started."""
    since = await site.join(TASKS)
    while (left := since + seconds - monotonic()) > _BETWEEN:
        await asyncio.sleep(min(left, _BETWEEN))
        await site.crew.kill(site.crew.hands[0])
        await site.crew.start()
    await asyncio.sleep(left)
    return Watch(since, monotonic(), _killed(site))


async def table_away(site: Site, seconds: float) -> Watch:
    """DynamoDB refuses every connection of every worker, in the middle third."""
    since = await site.join(TASKS)
    await asyncio.sleep(seconds / 3)
    with site.plan.inject(away("dynamodb:*")):
        at = monotonic()
        await asyncio.sleep(seconds / 3)
        until = monotonic()
    await asyncio.sleep(seconds / 3)
    return Watch(since, monotonic(), [Trouble("table away", at, until)])


async def freezes(site: Site, seconds: float) -> Watch:
    """One after the other stands still for a few seconds."""
    since = await site.join(TASKS)
    hands = site.crew.hands
    for number in range(int(seconds / (_STILL + _BETWEEN))):
        await asyncio.sleep(_BETWEEN)
        await site.crew.freeze(hands[number % TASKS], _STILL)
    await asyncio.sleep(max(0.0, since + seconds - monotonic()))
    return Watch(since, monotonic(), _frozen(site))


def _killed(site: Site) -> list[Trouble]:
    return [
        Trouble("killed", event.at, event.at, event.who) for event in site.history.troubles if isinstance(event, Killed)
    ]


def _frozen(site: Site) -> list[Trouble]:
    return [
        Trouble("stood still", event.at, event.until, event.who)
        for event in site.history.troubles
        if isinstance(event, Frozen)
    ]
