"""What nears maxReceiveCount: hand-backs and throttles never bury, and what kills its worker ends buried, alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.line import Line
from tests.fakes.loop import START, virtual_time
from tests.fakes.queue import MemoryQueue
from tests.fakes.vendor import ScriptedVendor
from worker.model import claim
from worker.model.continuation import Continuation, load_continuation
from worker.model.disposition import Policy, most_receives
from worker.model.errors import UnavailableError
from worker.model.events import MessageSettled, MessageSuspected
from worker.model.message import Job
from worker.model.outcome import Delivered, Outcome, RetryAfter, Throttled
from worker.model.wire import BURIAL, CONTINUATION, KEY
from worker.pipeline.delivery import Rules

RECEIVES = 20  # what the queue allows
LIVES = 3  # of a suspect
RULES = Rules(Policy(), receives=RECEIVES)
LONG = timedelta(seconds=90)  # longer than a message is held for a closed gate
SUSPECT = Continuation(suspect=1).dump()


def line_of(*outcomes: Outcome, rules: Rules = RULES, **more: Any) -> Line:
    """A vendor that gives these outcomes, one for each request, then Delivered for ever."""
    left = list(outcomes)

    def script(jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        return [left.pop(0) if left else Delivered()] * len(jobs)

    return Line(vendor=ScriptedVendor(script), rules=rules, **more)


async def die_with(queue: MemoryQueue, times: int) -> None:
    """Receive all that is there, and end without a word, as a killed process does."""
    for _ in range(times):
        for message in await queue.receive(10):
            queue.expire(message.receipt)


def test_the_backstop_leaves_room_for_every_attempt() -> None:
    """Twenty receives, or three for each failed attempt."""
    assert [most_receives(attempts) for attempts in (1, 6, 7, 300)] == [20, 20, 21, 900]


@virtual_time
async def test_throttles_never_bury_however_often() -> None:
    """Received far more often than the queue allows, for hours: a fresh copy has taken its place in time."""
    line = line_of(*[Throttled(LONG)] * 3 * RECEIVES)
    line.queue.put("{}", sluice_key="k-1")
    async with line.running():
        await line.drained()
    assert not len(line.dead)
    assert set(line.vendor.keys) == {"k-1"}
    settled = line.events.of(MessageSettled)
    assert len(settled) == 3 * RECEIVES + 1
    assert [event.disposition for event in settled].count("Renew") == 3 * RECEIVES // (RECEIVES - 3)
    assert not line.events.of(MessageSuspected)
    assert settled[-1].age_seconds > 3 * RECEIVES * LONG.total_seconds()


@virtual_time
async def test_a_copy_is_as_old_as_its_first_message() -> None:
    """max_age is about the job: fresh copies do not make it young, and its dead letter says when it was first seen."""
    rules = Rules(Policy(), receives=RECEIVES, max_age=timedelta(hours=1))
    line = line_of(*[Throttled(LONG)] * 3 * RECEIVES, rules=rules)
    line.queue.put("{}")
    began = line.clock.now()
    async with line.running():
        await line.drained()
    [dead] = line.dead.stored
    told = json.loads(dead.outgoing.attributes[BURIAL].text)
    assert (told["code"], told["first_seen"]) == ("max_age", began.isoformat(timespec="milliseconds"))
    assert len(line.vendor.sent) > RECEIVES


@virtual_time
async def test_failures_before_and_after_a_copy_are_counted_together() -> None:
    """Its failed attempts are known under its key, and not counted twice by the copy."""
    outcomes = [RetryAfter(timedelta(seconds=1), "HTTP 500"), *[Throttled(LONG)] * RECEIVES]
    line = line_of(*outcomes, *[RetryAfter(timedelta(seconds=1), "HTTP 500")] * 10)
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    [dead] = line.dead.stored
    assert json.loads(dead.outgoing.attributes[BURIAL].text)["attempts"] == 8
    assert len(line.vendor.sent) == RECEIVES + 8


@virtual_time
async def test_what_died_with_others_goes_on_alone_and_is_delivered() -> None:
    """Received without a word until few receives are left: a fresh copy of it is sent, said to be a suspect."""
    line = line_of()
    line.queue.put("{}", sluice_key="k-1")
    await die_with(line.queue, RECEIVES - 3)
    async with line.running():
        await line.drained()
    assert line.vendor.keys == ["k-1"]
    assert not len(line.dead)
    [suspected] = line.events.of(MessageSuspected)
    assert (suspected.key, suspected.receive_count) == ("k-1", RECEIVES - 2)
    assert [event.disposition for event in line.events.of(MessageSettled)] == ["Renew", "Delete"]


@virtual_time
async def test_a_failed_attempt_clears_it() -> None:
    """It has had an outcome: what fails and is handed back often is no suspect."""
    line = line_of(RetryAfter(timedelta(seconds=1), "HTTP 500"))
    line.queue.put("{}")
    async with line.running():
        await line.until(lambda: line.events.of(MessageSettled))
        [stored] = line.queue.stored
        stored.receives = RECEIVES - 3
        await line.drained()
    assert len(line.vendor.sent) == 2
    assert not line.events.of(MessageSuspected)


@virtual_time
async def test_what_kills_its_worker_alone_too_is_buried_with_the_reason() -> None:
    """After three more deaths, by a worker that is not killed by reading it, unsent."""
    line = line_of()
    last_life = Continuation(suspect=LIVES).dump()
    line.queue.put('{"n": 1}', sluice_key="k-1", sluice_continuation=last_life)
    await die_with(line.queue, 1)
    async with line.running():
        await line.drained()
    assert not line.vendor.sent
    [dead] = line.dead.stored
    told = json.loads(dead.outgoing.attributes[BURIAL].text)
    assert (told["code"], dead.outgoing.attributes[KEY].text) == ("kills", "k-1")
    assert told["reason"].startswith(f"{LIVES} workers died of it")


@virtual_time
async def test_those_that_die_with_it_come_again_at_another_time() -> None:
    """Each death is counted in a copy of its own, which is delivered once it is alone."""
    line = line_of()
    for number in range(2):
        line.queue.put("{}", sluice_key=f"k-{number}", sluice_continuation=SUSPECT)
    await die_with(line.queue, 1)
    async with line.running():
        await line.until(lambda: len(line.events.of(MessageSettled)) == 2)
        again = [load_continuation(each.outgoing.attributes[CONTINUATION].text) for each in line.queue.stored]
        assert [each.suspect for each in again] == [2, 2]
        assert len({each.outgoing.delay for each in line.queue.stored}) == 2
        await line.drained()
    assert sorted(line.vendor.keys) == ["k-0", "k-1"]
    assert not len(line.dead)


@virtual_time
async def test_suspects_are_sent_one_at_a_time() -> None:
    """One may kill the worker: the other is not in the air then, it waits in the queue."""
    line = line_of()
    line.vendor.latency = 2
    for number in range(3):
        line.queue.put("{}", sluice_key=f"k-{number}", sluice_continuation=SUSPECT)
    async with line.running():
        await line.drained()
    assert sorted(line.vendor.keys) == ["k-0", "k-1", "k-2"]
    assert line.vendor.most_at_once == 1


@virtual_time
async def test_a_suspect_that_waits_for_another_keeps_its_lives() -> None:
    """Put aside more often than a suspect may be received, it is not buried."""
    line = line_of()
    line.vendor.latency = 20
    for number in range(3 * LIVES):
        line.queue.put("{}", sluice_key=f"k-{number}", sluice_continuation=SUSPECT)
    async with line.running():
        await line.drained()
    put_aside = Counter(event.key for event in line.events.of(MessageSettled) if event.outcome == "Throttled")
    assert max(put_aside.values()) > LIVES
    assert not len(line.dead)


class Neighbours(ScriptedVendor):
    """A request of `long` takes long; notes, at each request, how many messages are in work."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.in_work: list[int] = []
        self.line = Line(vendor=self, rules=RULES)
        self._seconds = seconds
        for key in ("long", "short"):
            self.line.queue.put("{}", sluice_key=key)
        self.line.queue.put("{}", sluice_key="suspect", sluice_continuation=SUSPECT)

    async def send(self, request: list[Job[Any]]) -> Sequence[Outcome]:
        self.in_work.append(self.line.pipeline.held)
        self.latency = self._seconds if request[0].key == "long" else 1.0
        return await super().send(request)


@virtual_time
async def test_a_suspect_takes_nobody_along() -> None:
    """It is sent once all else in hand is settled, and nothing is received until it has gone."""
    vendor = Neighbours(25.0)
    line = vendor.line
    async with line.running():
        for _ in range(30):  # a message each second
            line.queue.put("{}")
            since = line.clock.monotonic()
            await line.until(lambda since=since: line.clock.monotonic() >= since + 1.0)
        await line.drained()
    place = vendor.keys.index("suspect")
    assert vendor.in_work[place] == 1
    assert 2 < place < len(vendor.keys) - 1
    assert round(vendor.times[place + 1] - vendor.times[place], 6) >= 1.0


@virtual_time
async def test_a_suspect_does_not_wait_for_a_job_of_hours() -> None:
    """Half a minute; then it is sent beside what is in work."""
    vendor = Neighbours(3600.0)
    line = vendor.line
    async with line.running():
        await line.until(lambda: len(vendor.keys) == 3)
    assert vendor.keys == ["long", "short", "suspect"]
    assert vendor.times[2] - vendor.times[0] == pytest.approx(30.0, abs=0.1)
    assert vendor.in_work[2] == 2


@virtual_time
async def test_a_suspect_that_is_throttled_was_none() -> None:
    """An outcome clears it: it may be throttled as often as any other."""
    line = line_of(*[Throttled(LONG)] * 2 * LIVES)
    line.queue.put("{}", sluice_continuation=SUSPECT)
    async with line.running():
        await line.until(lambda: line.events.of(MessageSettled))
        [stored] = line.queue.stored
        assert not load_continuation(stored.outgoing.attributes[CONTINUATION].text).suspect
        await line.drained()
    assert not len(line.dead)
    assert len(line.vendor.sent) == 2 * LIVES + 1


@virtual_time
async def test_what_cannot_be_fetched_for_long_keeps_its_cursor() -> None:
    """S3 is away for longer than the queue allows receives: the copy goes on where the message was."""
    blobs = MemoryBlobs()
    pointer = await blobs.put(b'{"n": 1}')
    blobs.faults.fail_next("get", UnavailableError("away"), times=2 * RECEIVES)
    line = line_of(blobs=blobs)
    inherited = Continuation("c-7", 2).dump()
    line.queue.put(claim.encode(pointer.bucket, pointer.key), ExtendedPayloadSize="8", sluice_continuation=inherited)
    async with line.running():
        await line.drained()
    [(_, [job])] = line.vendor.sent
    assert (job.cursor, job.attempt) == ("c-7", 3)
    assert not len(line.dead)


@virtual_time
async def test_a_continuation_that_is_not_ours_is_buried() -> None:
    """Anybody can write the attribute: it says nothing until the body is read, and then why it is buried."""
    line = line_of()
    line.queue.put("{}", sluice_continuation="rubbish")
    async with line.running():
        await line.drained()
    [dead] = line.dead.stored
    assert json.loads(dead.outgoing.attributes[BURIAL].text)["code"] == "continuation"


@virtual_time
async def test_a_copy_that_waits_for_its_time_goes_on_waiting() -> None:
    """Handed back often before it is due: its copy is not due sooner."""
    line = line_of()
    due = line.clock.now() + timedelta(hours=3)
    line.queue.put("{}", sluice_continuation=Continuation("c-1", due=due).dump())
    line.queue.stored[0].receives = RECEIVES - 2
    async with line.running():
        await line.drained()
    [at] = line.vendor.times
    assert at - START >= timedelta(hours=3).total_seconds() - 1
