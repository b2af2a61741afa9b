"""What one would write without Sluice: receive ten, post them, delete ten; no lease, retry, throttle, log or metric."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aioboto3
import aiohttp
import uvloop
from aiobotocore.config import AioConfig

from benchmarks.drained import Drained
from benchmarks.queues import VENDOR
from benchmarks.usage import Usage, peak_megabytes
from worker.local.process import Report
from worker.model.names import Names

_LOOPS = 10  # at once, each with ten messages; more are not faster on one core


@dataclass(slots=True)
class _Progress:
    left: int
    calls: int = 0
    end: Usage | None = None  # of the last delete; loops that still poll then find an empty queue


def drain(report: Report, endpoint: str, sink: str, prefix: str, messages: int) -> None:
    """Drain in this process and report a `Drained`. Made for `Process`."""
    report(uvloop.run(_drain(endpoint, sink, prefix, messages)))


async def _drain(endpoint: str, sink: str, prefix: str, messages: int) -> Drained:
    session = aioboto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    config = AioConfig(max_pool_connections=2 * _LOOPS)
    progress = _Progress(messages)
    async with (
        session.client("sqs", endpoint_url=endpoint, config=config) as sqs,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10 * _LOOPS)) as http,
    ):
        url = (await sqs.get_queue_url(QueueName=Names(prefix).queue(VENDOR)))["QueueUrl"]
        start = Usage.now()
        await asyncio.gather(*(_loop(sqs, url, http, f"{sink}/messages", progress) for _ in range(_LOOPS)))
    assert progress.end is not None
    used = start.until(progress.end)
    return Drained(messages, used.wall, used.cpu, progress.calls, peak_megabytes())


async def _loop(sqs: Any, url: str, http: aiohttp.ClientSession, sink: str, progress: _Progress) -> None:
    while progress.left > 0:
        progress.calls += 1
        reply = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        if messages := reply.get("Messages"):
            await asyncio.gather(*(_post(http, sink, message["Body"]) for message in messages))
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            progress.calls += 1
            await sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            progress.left -= len(messages)
            progress.end = Usage.now()


async def _post(http: aiohttp.ClientSession, sink: str, body: str) -> None:
    async with http.post(sink, data=body.encode(), headers={"Content-Type": "application/json"}) as response:
        await response.read()
        response.raise_for_status()
