"""What people write instead: aiolimiter as its documentation has it, and Celery's limit of each worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import aiohttp
import uvloop
from aiolimiter import AsyncLimiter

from benchmarks.limit.vendor import SENDER, SENT
from worker.local.process import Report
from worker.model.rate import Rate

_AT_ONCE = 100  # requests; more than any row's limit needs


@dataclass(frozen=True, slots=True)
class Post:
    """Where to, under what name, for how long (seconds)."""

    url: str
    sender: str
    seconds: float


def bare(report: Report, post: Post, rate: Rate) -> None:
    """Before each request `acquire` of an `AsyncLimiter(limit, window)`, of two where the limit has two windows.

    Reports when it began to send and when it ended. Made for `Process`.
    """
    report(uvloop.run(_send(post, [(window.limit, window.seconds) for window in rate.windows])))


def each(report: Report, post: Post, rate: Rate) -> None:
    """One of several workers with the whole limit each.

    As Celery's `rate_limit`: a bucket of one token, which is filled at the limit. Reports as `bare` does.
    """
    report(uvloop.run(_send(post, [(1, window.seconds / window.limit) for window in rate.windows])))


async def _send(post: Post, buckets: Sequence[tuple[int, float]]) -> tuple[float, float]:
    limiters = [AsyncLimiter(tokens, seconds) for tokens, seconds in buckets]
    began = monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as session:
        posters = [asyncio.create_task(_post(session, post, limiters)) for _ in range(_AT_ONCE)]
        await asyncio.sleep(post.seconds)
        ended = monotonic()
        for poster in posters:
            poster.cancel()
        await asyncio.wait(posters)
    return began, ended


async def _post(session: aiohttp.ClientSession, post: Post, limiters: Sequence[AsyncLimiter]) -> None:
    while True:
        for limiter in limiters:
            await limiter.acquire()
        headers = {SENDER: post.sender, SENT: repr(monotonic())}
        async with session.post(post.url, json={"text": "hello"}, headers=headers) as response:
            await response.read()
