"""Delivery: what becomes of one message, seen at the queue, the dead letters and the vendor; in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import VirtualLoop, virtual_time
from tests.fakes.vendor import ScriptedVendor
from worker.model import claim
from worker.model.disposition import Policy
from worker.model.errors import BadMessageError, NotAnsweredError, NotSentError, RefusedError, UnavailableError
from worker.model.events import AdapterFailed, LeaseLost, MessageSettled, VendorBlocked
from worker.model.message import Job, JobKey, Publication
from worker.model.outcome import (
    Ambiguous,
    Blocked,
    Continue,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    RetryAfter,
    Scope,
    Throttled,
)
from worker.model.rate import parse_rate
from worker.model.wire import BURIAL, CONTINUATION, KEY
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Limits
from worker.pipeline.throttle import Throttle
from worker.ports import Batch, Traits
from worker.supervisor import Times

Jobs = Sequence[Job[Any]]


def answering(*outcomes: Outcome | Exception) -> Callable[[Jobs], Sequence[Outcome]]:
    """These outcomes, one for each request; then Delivered for ever."""
    left = list(outcomes)

    def script(jobs: Jobs) -> Sequence[Outcome]:
        outcome = left.pop(0) if left else Delivered()
        if isinstance(outcome, Exception):
            raise outcome
        return [outcome] * len(jobs)

    return script


def line_of(*outcomes: Outcome | Exception, rules: Rules | None = None, **more: Any) -> Line:
    return Line(vendor=ScriptedVendor(answering(*outcomes)), rules=rules or Rules(Policy()), **more)


def burial(line: Line) -> dict[str, Any]:
    """What the only dead letter says of its end."""
    [dead] = line.dead.stored
    found: dict[str, Any] = json.loads(dead.outgoing.attributes[BURIAL].text)
    return found


@virtual_time
async def test_a_failure_comes_back_after_what_the_vendor_asked_for() -> None:
    """RetryAfter is a visibility, and an attempt."""
    line = line_of(RetryAfter(timedelta(seconds=7), "busy"))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    first, second = line.vendor.times
    assert 7 <= second - first < 9
    assert [jobs[0].attempt for _, jobs in line.vendor.sent] == [1, 2]


@virtual_time
async def test_a_fresh_copy_has_the_attempts_of_what_it_replaces() -> None:
    """To SQS it is received for the first time; the vendor and the log are told how often it has failed."""
    failed = [RetryAfter(timedelta(seconds=1), "HTTP 500")] * 4
    line = line_of(*failed, rules=Rules(Policy(), receives=5))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert [jobs[0].attempt for _, jobs in line.vendor.sent] == [1, 2, 3, 4, 5]


@virtual_time
async def test_after_max_attempts_it_is_buried_with_the_reason() -> None:
    """The dead letter says why, how often, since when and what came last; its key stays."""
    line = line_of(*[RetryAfter(None, "HTTP 500")] * 9, rules=Rules(Policy(max_attempts=3)))
    line.queue.put('{"n": 1}', sluice_key="k-1")
    async with line.running():
        await line.drained()
    told = burial(line)
    assert (told["reason"], told["code"], told["attempts"]) == ("gave up after 3 attempts", "max_attempts", 3)
    assert (told["last_error"], told["vendor"]) == ("HTTP 500", "foo")
    assert len(line.vendor.sent) == 3
    [dead] = line.dead.stored
    assert (dead.outgoing.body, dead.outgoing.attributes[KEY].text) == ('{"n": 1}', "k-1")


@virtual_time
async def test_time_with_the_gate_closed_does_not_count_towards_give_up_after() -> None:
    """A vendor that is away for hours does not bury what failed once before."""
    rules = Rules(Policy(give_up_after=timedelta(minutes=5)))
    line = line_of(
        RetryAfter(timedelta(0), "HTTP 500"),
        Throttled(timedelta(minutes=30)),
        RetryAfter(timedelta(0), "HTTP 500"),
        rules=rules,
    )
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert not len(line.dead)
    assert len(line.vendor.sent) == 4


@virtual_time
async def test_a_throttle_is_waited_for_in_hand() -> None:
    """It costs neither an attempt nor a receive; nothing is sent or received meanwhile but one probe."""
    line = line_of(Throttled(timedelta(seconds=5)), limits=Limits(concurrency=1))
    line.queue.put(*["{}"] * 30)
    async with line.running():
        await line.vendor.arrived.wait()
        await asyncio.sleep(4.9)
        received = line.queue.calls["receive"]
        assert len(line.vendor.sent) == 1
        await line.drained()
    assert line.vendor.times[1] - line.vendor.times[0] >= 5
    assert received == 1
    settled = line.events.of(MessageSettled)
    assert {event.receive_count for event in settled} == {1}
    assert {event.attempt for event in settled} == {1}


@virtual_time
async def test_a_long_throttle_sends_messages_back_with_a_matching_visibility() -> None:
    """What would wait longer than the patience does not stay in hand; it is no attempt, and nothing is buried."""
    line = line_of(Throttled(timedelta(minutes=20)), limits=Limits(concurrency=2, patience=60))
    line.queue.put("{}", "{}")
    async with line.running():
        await asyncio.sleep(300)
        assert line.pipeline.held == 0
        await line.drained()
    first = line.vendor.times[0]
    assert all(at - first >= 1200 for at in line.vendor.times[2:])
    assert max(job.attempt for _, jobs in line.vendor.sent for job in jobs) == 1
    assert not len(line.dead)


@virtual_time
async def test_a_throttled_recipient_stalls_nobody_else() -> None:
    """A scope of one key closes for that key only, even where the adapter did not say the key before."""

    def script(jobs: Jobs) -> Sequence[Outcome]:
        again = vendor.keys.count(jobs[0].key) > 1
        return [
            Throttled(timedelta(seconds=30), Scope("a")) if jobs[0].payload["to"] == "a" and not again else Delivered()
        ]

    vendor = ScriptedVendor(script)
    line = Line(vendor=vendor, limits=Limits(concurrency=5))
    line.queue.put('{"to": "a"}', *['{"to": "b"}'] * 20)
    async with line.running():
        await line.drained()
    began = vendor.times[0]
    sent = [(at - began, jobs[0].payload["to"]) for at, jobs in vendor.sent]
    assert all(after < 5 for after, to in sent if to == "b")
    assert [after >= 30 for after, to in sent if to == "a"] == [False, True]


@virtual_time
async def test_a_block_keeps_the_messages_and_alarms() -> None:
    """Credentials that are refused bury nothing: a probe tries now and then, and all goes on once it passes."""
    line = line_of(*[Blocked("HTTP 401")] * 3, limits=Limits(concurrency=1))
    line.queue.put(*["{}"] * 5)
    async with line.running():
        await line.drained()
    assert len(line.events.of(VendorBlocked)) == 3
    assert not len(line.dead)
    gaps = [b - a for a, b in zip(line.vendor.times, line.vendor.times[1:], strict=False)]
    assert all(gap >= 45 for gap in gaps[:3])
    assert {event.attempt for event in line.events.of(MessageSettled)} == {1}


@virtual_time
async def test_a_rejection_is_buried_at_once() -> None:
    """What can never succeed is sent once."""
    line = line_of(Rejected("no such template", "132001"))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert (burial(line)["code"], burial(line)["attempts"]) == ("132001", 0)
    assert len(line.vendor.sent) == 1


@virtual_time
async def test_what_is_no_json_is_buried_unsent() -> None:
    """Bad input never reaches the vendor, and the next message does."""
    line = Line()
    line.queue.put("not json", "{}")
    async with line.running():
        await line.drained()
    assert burial(line)["code"] == "not_json"
    assert len(line.vendor.sent) == 1


@pytest.mark.parametrize(("bury", "sent", "dead"), [(True, 1, 1), (False, 2, 0)])
@pytest.mark.parametrize("cause", [Ambiguous("timeout"), NotAnsweredError("timeout")])
def test_an_ambiguous_end_follows_the_policy(cause: Outcome | Exception, bury: bool, sent: int, dead: int) -> None:
    """on_ambiguous: bury it, or send it again at the risk of a duplicate."""

    @virtual_time
    async def run() -> None:
        line = line_of(cause, rules=Rules(Policy(bury_ambiguous=bury)))
        line.queue.put("{}")
        async with line.running():
            await line.drained()
        assert (len(line.vendor.sent), len(line.dead)) == (sent, dead)

    run()


@virtual_time
async def test_what_never_left_is_sent_again_whatever_the_policy() -> None:
    """A refused connection is not ambiguous."""
    line = line_of(NotSentError("connect refused"), rules=Rules(Policy(bury_ambiguous=True)))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert not len(line.dead)


@virtual_time
async def test_a_secret_that_cannot_be_had_blocks() -> None:
    """The messages are kept until somebody has mended it."""
    line = line_of(RefusedError("no such secret"), limits=Limits(concurrency=1))
    line.queue.put("{}", "{}")
    async with line.running():
        await line.drained()
    assert not len(line.dead)
    assert len(line.events.of(VendorBlocked)) == 1


@virtual_time
async def test_an_adapter_s_own_error_costs_an_attempt_and_no_pipeline() -> None:
    """Its class and place are told, its text is not."""
    line = line_of(ZeroDivisionError("body of a customer"))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    [failed] = line.events.of(AdapterFailed)
    assert failed.step == "send"
    assert failed.error.startswith("ZeroDivisionError at ")
    assert "customer" not in failed.error


class Unprepared(ScriptedVendor):
    """Fails in `prepare`, the first time."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.errors = [error]

    def prepare(self, jobs: Jobs) -> list[Job[Any]]:
        if self.errors:
            raise self.errors.pop()
        return super().prepare(jobs)


@virtual_time
async def test_an_adapter_that_cannot_prepare_is_tried_again() -> None:
    """A bug of an adapter is a failed attempt: the next version may do better."""
    line = Line(vendor=Unprepared(KeyError("x")))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert line.events.of(AdapterFailed)[0].step == "prepare"


@virtual_time
async def test_a_payload_that_an_adapter_refuses_is_buried() -> None:
    """BadMessageError of `prepare` names field and rule."""
    line = Line(vendor=Unprepared(BadMessageError("payload.to missing", code="field_missing")))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert burial(line)["reason"] == "payload.to missing"
    assert not line.vendor.sent


@virtual_time
async def test_a_long_job_goes_on_from_its_cursor_in_hand() -> None:
    """Rounds are vendor requests of one message, each with the cursor of the one before."""
    line = line_of(Continue("c1"), Continue("c2", timedelta(seconds=1)))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert [jobs[0].cursor for _, jobs in line.vendor.sent] == [None, "c1", "c2"]
    assert line.vendor.times[2] - line.vendor.times[1] >= 1
    assert line.queue.calls["send"] == 0


@virtual_time
async def test_near_its_budget_a_long_job_requeues_itself() -> None:
    """The continuation is sent, then the message deleted; it goes on at the cursor, under the same key."""
    vendor = ScriptedVendor(answering(*[Continue(f"c{n}") for n in range(1, 6)]), latency=10)
    line = Line(vendor=vendor, rules=Rules(Policy(), budget=25))
    line.queue.put("{}", sluice_key="job-1")
    async with line.running():
        await line.drained()
    assert [jobs[0].cursor for _, jobs in vendor.sent] == [None, "c1", "c2", "c3", "c4", "c5"]
    assert set(vendor.keys) == {"job-1"}
    assert line.queue.calls["send"] == 1


@virtual_time
async def test_a_long_pause_between_rounds_is_waited_for_in_the_queue() -> None:
    """A job that polls a slow export every ten minutes holds no place meanwhile; an hour is no problem either."""
    line = line_of(Continue("c1", timedelta(minutes=10)), Continue("c2", timedelta(hours=1)))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        await asyncio.sleep(30)
        assert line.pipeline.held == 0
        await line.drained()
    first, second, third = line.vendor.times
    assert 600 <= second - first < 660
    assert 3600 <= third - second < 3700


@virtual_time
async def test_a_failure_after_rounds_in_hand_does_not_start_over() -> None:
    """What comes back after progress comes back at the new cursor, with the attempts it has used."""
    line = line_of(Continue("c1"), RetryAfter(timedelta(seconds=1), "HTTP 500"), RetryAfter(timedelta(0), "HTTP 500"))
    line.queue.put("{}")
    async with line.running():
        await line.drained()
    assert [(jobs[0].cursor, jobs[0].attempt) for _, jobs in line.vendor.sent] == [
        (None, 1),
        ("c1", 1),
        ("c1", 2),
        ("c1", 3),
    ]


class Topic:
    """Publications that are kept, with what stood in the queue when they came."""

    def __init__(self, error: Exception | None = None) -> None:
        self.published: list[Publication] = []
        self.error = error
        self.on_publish: Callable[[], None] = lambda: None

    async def publish(self, publications: Sequence[Publication]) -> None:
        if self.error:
            raise self.error
        self.on_publish()
        self.published += publications


@virtual_time
async def test_what_follows_is_published_before_the_delete() -> None:
    """Rounds publish as they go, the last outcome before its message is deleted; keys derive from the parent's."""
    topic, left = Topic(), []
    line = line_of(
        Continue("c1", publish=(Publication("a"), Publication("b"))),
        Delivered((Publication("c", key=JobKey("own")),)),
        publications=topic,
    )
    topic.on_publish = lambda: left.append(len(line.queue))
    line.queue.put("{}", sluice_key="p")
    async with line.running():
        await line.drained()
    assert [(p.body, p.key) for p in topic.published] == [("a", "p:0"), ("b", "p:1"), ("c", "own")]
    assert left == [1, 1]


@pytest.mark.parametrize("last", [Delivered((Publication("x"),)), Continue("c", publish=(Publication("x"),))])
def test_a_publication_that_can_never_be_buries_its_parent(last: Outcome) -> None:
    """Neither the pipeline nor the queue is held up by it."""

    @virtual_time
    async def run() -> None:
        line = line_of(last, publications=Topic(BadMessageError("no topic 'x'", code="publication")))
        line.queue.put("{}")
        async with line.running():
            await line.drained()
        assert burial(line)["code"] == "publication"

    run()


@virtual_time
async def test_rows_that_were_rejected_are_buried_and_the_rest_goes_on() -> None:
    """Partial: a dead letter with the rejected rows, a replacement with those to retry, each once."""
    line = line_of(Partial('{"rows": [2]}', '{"rows": [3]}', "bad rows", "row"))
    line.queue.put('{"rows": [1, 2, 3]}')
    async with line.running():
        await line.drained()
    assert [jobs[0].payload for _, jobs in line.vendor.sent] == [{"rows": [1, 2, 3]}, {"rows": [2]}]
    assert list(line.dead.bodies) == ['{"rows": [3]}']
    assert burial(line)["code"] == "row"
    assert [jobs[0].attempt for _, jobs in line.vendor.sent] == [1, 2]


@virtual_time
async def test_what_is_too_old_is_buried_unsent() -> None:
    """max_age, opt-in: whatever the cause."""
    line = line_of(rules=Rules(Policy(), max_age=timedelta(minutes=10)))
    line.queue.put("{}")
    await asyncio.sleep(601)
    line.queue.put('{"fresh": true}')
    async with line.running():
        await line.drained()
    assert burial(line)["code"] == "max_age"
    assert [jobs[0].payload for _, jobs in line.vendor.sent] == [{"fresh": True}]


@virtual_time
async def test_a_vendor_that_takes_many_gets_them_together() -> None:
    """Batches are bounded by size, bytes and linger, and each job has its own outcome."""

    def script(jobs: Jobs) -> Sequence[Outcome]:
        return [Rejected("odd", "odd") if job.payload["n"] % 2 else Delivered() for job in jobs]

    traits = Traits(batch=Batch(size=4, max_bytes=1000, linger=timedelta(seconds=1)))
    line = Line(vendor=ScriptedVendor(script, traits=traits), limits=Limits(concurrency=20))
    line.queue.put(*(json.dumps({"n": n}) for n in range(10)))
    async with line.running():
        await line.drained()
    assert [len(jobs) for _, jobs in line.vendor.sent] == [4, 4, 2]
    assert len(line.dead) == 5


@virtual_time
async def test_a_lost_lease_cancels_its_delivery_and_nothing_more_is_said() -> None:
    """Somebody else may hold the message by now: no delete, no visibility, no second send by us."""
    vendor = ScriptedVendor(latency=300)
    line = Line(vendor=vendor, visibility=timedelta(seconds=30))
    line.queue.put("{}")
    async with line.running():
        await vendor.arrived.wait()
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=1000)
        vendor.latency = 0
        await line.drained()
    assert (len(vendor.sent), vendor.most_at_once) == (2, 1)
    assert len(line.events.of(LeaseLost)) == 1
    assert [event.outcome for event in line.events.of(MessageSettled)] == ["Delivered"]


@virtual_time
async def test_a_lease_that_ended_at_the_gate_is_not_sent() -> None:
    """The last look is at the instant of sending."""
    line = line_of(Throttled(timedelta(seconds=40)), visibility=timedelta(seconds=30), limits=Limits(1))
    line.queue.put("{}", "{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.queue.faults.hold("change_visibility")
        await asyncio.sleep(60)
        line.queue.faults.hold("change_visibility").set()
        await line.drained()
    assert len(line.vendor.sent) == 3


@virtual_time
async def test_a_claim_check_that_cannot_be_fetched_now_costs_no_attempt() -> None:
    """S3 away is nobody's fault: the message comes again later."""
    blobs = MemoryBlobs()
    pointer = await blobs.put(b'{"large": true}')
    blobs.faults.fail_next("get", UnavailableError("slow down"), times=2)
    line = Line(blobs=blobs)
    line.queue.put(claim.encode(pointer.bucket, pointer.key))
    async with line.running():
        await line.drained()
    assert [jobs[0].payload for _, jobs in line.vendor.sent] == [{"large": True}]
    assert line.vendor.sent[0][1][0].attempt == 1


@virtual_time
async def test_a_continuation_that_comes_too_early_waits() -> None:
    """A delay beyond SQS's fifteen minutes is kept by the continuation itself."""
    line = Line()
    due = (line.clock.now() + timedelta(hours=2)).timestamp()
    text = json.dumps({"cursor": "c", "failures": 2, "due": due})
    line.queue.put("{}", **{CONTINUATION.replace("-", "_"): text})
    async with line.running():
        began = line.clock.monotonic()
        await line.drained()
    assert 7200 <= line.vendor.times[0] - began < 8000
    assert line.vendor.sent[0][1][0].attempt == 3


@virtual_time
async def test_a_worker_that_froze_does_not_send_what_is_not_its_own_any_more() -> None:
    """After a freeze longer than the visibility the lease is looked at before the request leaves."""
    throttle = Throttle(parse_rate("1/s"), guard=0, clock=LoopClock())
    line = Line(limits=Limits(2, throttle), visibility=timedelta(seconds=30))
    line.queue.put("{}", "{}")
    async with line.running():
        await line.until(lambda: len(line.vendor.sent) == 1)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.stall(40)
        frozen_until = line.clock.monotonic()
        await line.drained()
    assert [at >= frozen_until for at in line.vendor.times] == [False, True]
    assert len(set(line.vendor.keys)) == 2  # the first one's delete was too late: it came again, and was known


@virtual_time
async def test_a_settle_whose_lease_is_lost_is_not_told_as_one() -> None:
    """The message was delivered, the delete not confirmed: it comes again, is known, and only its delete counts."""
    line = Line(visibility=timedelta(seconds=30))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.queue.faults.fail_next("delete", UnavailableError("away"), times=20)
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=20)
        await line.drained()
    assert len(line.vendor.sent) == 1
    assert len(line.events.of(MessageSettled)) == 1


@virtual_time
async def test_a_round_whose_publications_cannot_be_confirmed_ends_with_its_lease() -> None:
    """A topic that is away holds a long job no longer than its lease; nothing is lost, it starts over."""
    topic = Topic(UnavailableError("away"))
    line = line_of(Continue("c1", publish=(Publication("x"),)), publications=topic, visibility=timedelta(seconds=30))
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=10)
        await line.drained()
    assert len(line.vendor.sent) == 2


@virtual_time
async def test_what_cannot_be_handed_back_is_not_told_as_handed_back() -> None:
    """SQS is away when the grace ends: the message comes back when its visibility ends."""
    line = Line(
        vendor=ScriptedVendor(latency=300), visibility=timedelta(seconds=30), times=Times(grace=5, poll=1, flush=40)
    )
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=100)
    assert not line.events.of(MessageSettled)
    assert len(line.queue) == 1


@virtual_time
async def test_a_dead_letter_that_is_sent_back_starts_anew() -> None:
    """A redrive brings its cursor along and all its attempts; why it was buried before is forgotten."""
    line = line_of(
        Continue("c1", timedelta(minutes=1)),
        *[RetryAfter(timedelta(0), "HTTP 500")] * 2,
        rules=Rules(Policy(max_attempts=2)),
    )
    line.queue.put("{}")
    async with line.running():
        await line.drained()
        [dead] = line.dead.stored
        await line.queue.send([dead.outgoing])
        await line.until(lambda: len(line.vendor.sent) == 4)
        await line.drained()
    redriven = line.vendor.sent[3][1][0]
    assert (redriven.cursor, redriven.attempt) == ("c1", 1)


@virtual_time
async def test_settles_that_sqs_does_not_confirm_hold_up_the_receives() -> None:
    """Deliveries do not run ahead of their deletes without bound."""
    line = Line(limits=Limits(concurrency=100), receivers=4, visibility=timedelta(hours=1))
    line.queue.put(*["{}"] * 2000)
    async with line.running():
        line.queue.faults.hold("delete")
        await asyncio.sleep(60)
        delivered = len(line.vendor.sent)
        line.queue.faults.hold("delete").set()
        await line.drained()
    assert 500 <= delivered < 700
    assert len(line.vendor.sent) == 2000


class Picky(ScriptedVendor):
    """Takes many at once, and refuses to prepare a request with a bad one in it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(traits=Traits(batch=Batch(size=8, linger=timedelta(seconds=1))))
        self._error = error

    def prepare(self, jobs: Jobs) -> list[Job[Any]]:
        if any("bad" in job.payload for job in jobs):
            raise self._error
        return super().prepare(jobs)


@virtual_time
async def test_one_bad_job_does_not_bury_its_batch() -> None:
    """The batch is halved until the bad one stands alone; each of the others is delivered once."""
    line = Line(vendor=Picky(BadMessageError("payload.to missing", code="field_missing")))
    line.queue.put(*(json.dumps({"n": n}) for n in range(7)), '{"bad": 1}')
    async with line.running():
        await line.drained()
    assert sorted(job.payload["n"] for _, jobs in line.vendor.sent for job in jobs) == list(range(7))
    assert list(line.dead.bodies) == ['{"bad": 1}']


@virtual_time
async def test_one_job_that_an_adapter_stumbles_over_costs_the_others_no_attempt() -> None:
    """An error of the adapter's own code is found in the same way."""
    line = Line(vendor=Picky(KeyError("x")), rules=Rules(Policy(max_attempts=2)))
    line.queue.put(*(json.dumps({"n": n}) for n in range(7)), '{"bad": 1}')
    async with line.running():
        await line.drained()
    assert {job.attempt for _, jobs in line.vendor.sent for job in jobs} == {1}
    assert list(line.dead.bodies) == ['{"bad": 1}']


@virtual_time
async def test_one_stale_job_does_not_bury_its_batch() -> None:
    """max_age is about one message."""
    traits = Traits(batch=Batch(size=2, linger=timedelta(seconds=1)))
    line = Line(vendor=ScriptedVendor(traits=traits), rules=Rules(Policy(), max_age=timedelta(minutes=10)))
    line.queue.put('{"stale": true}')
    await asyncio.sleep(601)
    line.queue.put('{"fresh": true}')
    async with line.running():
        await line.drained()
    assert [jobs[0].payload for _, jobs in line.vendor.sent] == [{"fresh": True}]
    assert burial(line)["code"] == "max_age"


@virtual_time
async def test_a_delivery_whose_publications_are_not_out_is_not_known() -> None:
    """A topic that is away for longer than the lease: the message comes again and publishes, it is not just deleted."""
    topic = Topic(UnavailableError("away"))
    vendor = ScriptedVendor(lambda jobs: [Delivered((Publication("x"),))] * len(jobs))
    line = Line(vendor=vendor, publications=topic, visibility=timedelta(seconds=30))
    line.queue.put("{}", sluice_key="k")
    async with line.running():
        await vendor.arrived.wait()
        line.queue.faults.fail_next("change_visibility", UnavailableError("away"), times=10)
        await line.until(lambda: len(vendor.sent) == 2)
        topic.error = None
        await line.drained()
    assert {publication.key for publication in topic.published} == {"k:0"}


@virtual_time
async def test_twelve_hours_after_its_receive_a_message_goes_back_where_it_is() -> None:
    """SQS hides it no longer: a job that is still waited for is handed back before that, and comes again at once."""
    line = line_of(rules=Rules(Policy(), budget=13 * 3600.0))
    line.vendor.latency = 13 * 3600.0
    line.queue.put("{}")
    async with line.running():
        await line.until(lambda: line.events.of(MessageSettled), every=30)
        [settled] = line.events.of(MessageSettled)
        assert (settled.outcome, settled.disposition) == ("HandedBack", "Postpone")
        assert not line.events.of(LeaseLost)
        await line.until(lambda: len(line.vendor.sent) == 2, every=30)
        line.vendor.latency = 0
    first, second = line.vendor.times
    assert 12 * 3600 - 60 <= second - first <= 12 * 3600


@virtual_time
async def test_twelve_hours_of_rounds_go_on_as_a_continuation() -> None:
    """What was done in hand is not done again."""
    line = line_of(Continue("c-1"), rules=Rules(Policy(), budget=13 * 3600.0))
    line.vendor.latency = 1
    line.queue.put("{}")
    async with line.running():
        await line.vendor.arrived.wait()
        line.vendor.latency = 13 * 3600.0
        await line.until(lambda: line.events.of(MessageSettled), every=30)
        [settled] = line.events.of(MessageSettled)
        assert (settled.outcome, settled.disposition) == ("HandedBack", "Replace")
        line.vendor.latency = 0
        await line.drained()
    assert line.vendor.sent[-1][1][0].cursor == "c-1"
