"""Jobs are put together as the adapter's traits say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.fakes.loop import START, virtual_time
from worker.model.message import Job, JobKey, Message, MessageId, ReceiptHandle
from worker.model.outcome import Delivered, Outcome
from worker.pipeline.batcher import Batcher
from worker.pipeline.held import Held
from worker.pipeline.leases import Lease
from worker.ports import Batch


class Talk:
    """Notes each batch, and answers each job with its key as the vendor's id."""

    def __init__(self) -> None:
        self.batches: list[tuple[float, list[str]]] = []

    async def __call__(self, batch: Sequence[Held]) -> Sequence[Outcome]:
        self.batches.append((asyncio.get_running_loop().time() - START, [held.key for held in batch]))
        return [Delivered(vendor_id=held.key) for held in batch]


def held(key: str, size: int = 100, *, limit: str | None = None, secret: str | None = None) -> Held:
    message = Message(MessageId(key), ReceiptHandle(key), "{}", {}, 1, datetime.now(UTC), START)
    holding = Held(message, Lease(message, START + 60, None), JobKey(key), since=START)
    holding.job = Job(JobKey(key), {}, size=size, limit=limit, secret=secret)
    return holding


async def deliver(batch: Batch, *jobs: Held) -> list[tuple[float, list[str]]]:
    talk = Talk()
    async with asyncio.TaskGroup() as group:
        batcher = Batcher(batch, talk, group)
        outcomes = await asyncio.gather(*(batcher.deliver(job) for job in jobs))
    assert outcomes == [Delivered(vendor_id=job.key) for job in jobs]
    return talk.batches


@virtual_time
async def test_a_single_is_a_batch_of_one() -> None:
    """It goes at once, whatever the linger."""
    assert await deliver(Batch(linger=timedelta(seconds=5)), held("a"), held("b")) == [(0.0, ["a"]), (0.0, ["b"])]


@virtual_time
async def test_a_batch_goes_when_it_is_full_or_has_lingered() -> None:
    """Two at once, the third after its linger."""
    batch = Batch(size=2, linger=timedelta(seconds=5))
    assert await deliver(batch, held("a"), held("b"), held("c")) == [(0.0, ["a", "b"]), (5.0, ["c"])]


@virtual_time
async def test_a_batch_holds_no_more_bytes_than_the_vendor_takes() -> None:
    """By the size of the payloads."""
    batch = Batch(size=10, max_bytes=250, linger=timedelta(seconds=5))
    assert await deliver(batch, held("a"), held("b"), held("c", 51)) == [(0.0, ["a", "b"]), (5.0, ["c"])]


@virtual_time
async def test_a_batch_has_one_limit_and_one_secret() -> None:
    """What differs in either goes by itself, whenever it comes."""
    batch = Batch(size=2, linger=timedelta(seconds=5))
    jobs = [held("a", limit="x"), held("b", limit="y"), held("c", limit="x", secret="s"), held("d", limit="x")]
    assert await deliver(batch, *jobs) == [(0.0, ["a", "d"]), (5.0, ["b"]), (5.0, ["c"])]


@virtual_time
async def test_nothing_is_kept_of_a_limit_that_nobody_waits_for() -> None:
    """Not even where those who waited were cancelled: a vendor may have a hundred thousand shops."""
    async with asyncio.TaskGroup() as group:
        batcher = Batcher(Batch(size=2, linger=timedelta(seconds=5)), Talk(), group)
        await batcher.deliver(held("a", limit="x"))
        cancelled = asyncio.create_task(batcher.deliver(held("b", limit="y")))
        await asyncio.sleep(1)
        assert len(batcher._collectors) == 1
        cancelled.cancel()
        await asyncio.wait([cancelled])
        del cancelled  # a task holds the frames of what it was cancelled in
        await asyncio.sleep(5)
    assert not batcher._collectors
