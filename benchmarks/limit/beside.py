"""Runs what stands beside Sluice, each sender in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from benchmarks.limit.kept import use
from benchmarks.limit.place import Place
from benchmarks.limit.result import GUARD, Seen
from benchmarks.limit.rivals import Post, bare, each
from benchmarks.limit.sending import Sending, Watch
from benchmarks.limit.troubles import TASKS
from benchmarks.limit.vendor import Desk
from worker.local.process import Process
from worker.model.rate import Rate

_EACH_SECONDS = 6.0  # it is too much at once


async def aiolimiter(place: Place, row: str, rate: Rate, seconds: float) -> Seen:
    """One process, with aiolimiter as it comes."""
    desk = place.desk(f"{row} aiolimiter")
    return await _watched("aiolimiter", bare, [Post(desk.url, "r0", seconds)], rate, desk)


async def each_of_many(place: Place, row: str, rate: Rate) -> Seen:
    """Eight processes, with the whole limit each."""
    who = f"{TASKS} workers with the limit each"
    desk = place.desk(f"{row} {who}")
    return await _watched(
        who, each, [Post(desk.url, f"r{number}", _EACH_SECONDS) for number in range(TASKS)], rate, desk
    )


async def _watched(who: str, send: Callable[..., None], posts: Sequence[Post], rate: Rate, desk: Desk) -> Seen:
    ready_within = timedelta(seconds=max(post.seconds for post in posts) + 60)
    async with AsyncExitStack() as stack:
        processes = [Process(who, partial(send, post=post, rate=rate), ready_within=ready_within) for post in posts]
        await asyncio.gather(*(stack.enter_async_context(process) for process in processes))
        times = [process.reported for process in processes]
    watch = Watch(max(began for began, _ in times), min(ended for _, ended in times))
    sending = Sending(await desk.requests(), watch)
    return Seen(who, sending, use(sending.sent, watch, rate, GUARD))
