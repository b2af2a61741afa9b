"""What is one key's or one value's own affair never becomes the others': seen at the queue and at the vendor."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.secrets import MemorySecrets
from tests.fakes.vendor import ScriptedVendor
from tests.fakes.windows import keeps
from worker.aws.secrets import CachedSecrets
from worker.model.events import GateClosed, MessageSettled, VendorBlocked
from worker.model.message import Job
from worker.model.naming import parse_naming
from worker.model.outcome import Delivered, Outcome, RetryAfter, Throttled
from worker.model.rate import parse_rate
from worker.model.wire import BURIAL
from worker.pipeline import gate
from worker.pipeline.gate import Limits
from worker.pipeline.keyrates import KeyRates
from worker.pipeline.limiter import LimitByValue, Limiter, OneLimit
from worker.pipeline.throttle import Throttle
from worker.ports import Batch, Traits

HOT = "hot"
GUARD = 0.02


def message(to: str, n: int = 0) -> str:
    return json.dumps({"to": to, "n": n})


def throttle(rate: str) -> Throttle:
    return Throttle(parse_rate(rate), guard=GUARD, clock=LoopClock())


def by_recipient(rate: str, per_key: str, **traits: Any) -> Line:
    """A vendor with a rate, and another for each recipient."""
    vendor = ScriptedVendor(latency=0.05, traits=Traits(scope=lambda payload: payload["to"], **traits))
    return Line(vendor=vendor, limits=Limits(10, throttle(rate), parse_rate(per_key), GUARD))


def by_shop(rate: str, vendor: ScriptedVendor, concurrency: int = 10, **limits: Any) -> Line:
    """A vendor with a limit for each shop."""
    values = LimitByValue(lambda _: Limiter(throttle(rate)), LoopClock().monotonic)
    naming = parse_naming("limit_key", "shop/{to}")
    return Line(vendor=vendor, limits=Limits(concurrency, limiters=values, **limits), limit=naming)


def sent(line: Line) -> dict[str, list[float]]:
    """The instants of sending, by recipient."""
    times = defaultdict(list)
    for at, jobs in line.vendor.sent:
        for job in jobs:
            times[job.payload["to"]].append(at)
    return times


def receives(line: Line) -> list[int]:
    """How often each message was received until it was delivered."""
    return [event.receive_count for event in line.events.of(MessageSettled) if event.outcome == "Delivered"]


async def trickle(line: Line, seconds: float, every: float) -> dict[str, float]:
    """Put a message to another recipient each time; when each was put."""
    began = {}
    for number in range(int(seconds / every)):
        began[str(number)] = line.clock.monotonic()
        line.queue.put(message(str(number)))
        await asyncio.sleep(every)
    return began


@virtual_time
async def test_a_hot_key_stalls_nobody_and_its_messages_go_in_order_received_twice_at_most() -> None:
    """Two thousand to one recipient who may get ten a minute: its window is exact and used, the others go at once."""
    line = by_recipient("20/s", "10/min")
    line.queue.put(*(message(HOT, number) for number in range(2_000)))
    async with line.running():
        began = await trickle(line, 600, every=0.5)
        for number in range(2_000, 2_100):  # and it goes on: they do not overtake
            line.queue.put(message(HOT, number))
        await line.drained()
    times = sent(line)
    late = [times[other][0] - at for other, at in began.items()]
    assert max(late) < 1
    assert keeps(parse_rate("10/min"), times[HOT])
    used = (len(times[HOT]) - 1) / (times[HOT][-1] - times[HOT][0])
    assert used >= 0.99 * 10 / (60 + GUARD)
    order = [job.payload["n"] for _, jobs in line.vendor.sent for job in jobs if job.payload["to"] == HOT]
    in_hand = 30  # when it was found to be full: those are told their times last
    assert all(early < later for early, later in pairwise(number for number in order if number >= in_hand))
    assert max(receives(line)) == 2
    assert len(receives(line)) == 2_100 + len(began)
    assert not len(line.dead)


@virtual_time
async def test_many_hot_keys_at_once_are_kept_apart() -> None:
    """Fifty recipients with sixty messages each: each gets its own rate, and all of it."""
    line = by_recipient("50/s", "10/min")
    line.queue.put(*(message(str(number % 50), number) for number in range(3_000)))
    async with line.running():
        began = line.clock.monotonic()
        await line.drained()
    times = sent(line)
    assert all(keeps(parse_rate("10/min"), each) for each in times.values())
    assert max(each[-1] for each in times.values()) - began < 60 + 50 * (60 + GUARD) / 10 + 5
    assert max(receives(line)) <= 3
    assert sum(receives(line)) / 3_000 < 2
    assert not len(line.dead)


@virtual_time
async def test_a_short_wait_for_a_key_is_waited_for_in_hand() -> None:
    """One a second to a channel: a handful waits aside in its order, and none is received twice."""
    line = by_recipient("20/s", "1/s")
    line.queue.put(*(message(HOT, number) for number in range(5)), *(message(str(n)) for n in range(40)))
    async with line.running():
        await line.drained()
    assert set(receives(line)) == {1}
    assert keeps(parse_rate("1/s"), sent(line)[HOT])
    assert max(each[-1] for to, each in sent(line).items() if to != HOT) < min(line.vendor.times) + 4


@virtual_time
async def test_in_a_batch_one_hot_key_keeps_up_nobody_else() -> None:
    """Its message is taken out and put off; the others of the batch go at once."""
    line = by_recipient("10/s", "1/min", batch=Batch(10, linger=timedelta(seconds=0.1)))
    line.queue.put(message(HOT))
    async with line.running():
        await line.until(lambda: line.vendor.sent)
        began = line.clock.monotonic()
        line.queue.put(message(HOT), *(message(str(number)) for number in range(9)))
        await line.drained()
    late = {to: each[-1] - began for to, each in sent(line).items()}
    assert late.pop(HOT) >= 59
    assert max(late.values()) < 1
    assert sorted(receives(line)) == [1] * 10 + [2]


@virtual_time
async def test_more_keys_than_are_remembered_never_exceed_their_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred are; 300 recipients with two messages each at one a minute are sent to, each a minute apart."""
    monkeypatch.setattr(gate, "KeyRates", partial(KeyRates, kept=100))
    line = by_recipient("100/s", "1/min")
    line.queue.put(*(message(str(number % 300), number) for number in range(600)))
    async with line.running():
        await line.drained()
    times = sent(line)
    assert len(times) == 300
    assert min(late - early for early, late in times.values()) >= 60
    assert sum(receives(line)) / 600 < 3
    assert max(receives(line)) <= 8
    assert not len(line.dead)


@virtual_time
async def test_a_closed_shop_stalls_no_other() -> None:
    """The vendor wants nothing of it for ten minutes: it is left alone but for one probe, the others go at once."""
    began = asyncio.get_running_loop().time()

    def script(jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        is_shut = jobs[0].payload["to"] == HOT and asyncio.get_running_loop().time() - began < 600
        return [Throttled(timedelta(seconds=600)) if is_shut else Delivered()]

    line = by_shop("5/s", ScriptedVendor(script, latency=0.05))
    line.queue.put(message(HOT))
    async with line.running():
        await line.until(lambda: line.events.of(GateClosed))
        line.queue.put(*(message(HOT, number) for number in range(300)))
        put = await trickle(line, 300, every=0.5)
        assert line.pipeline.held <= 2  # others
        assert len(sent(line)[HOT]) == 1
        await line.drained()
    times = sent(line)
    assert max(times[other][0] - at for other, at in put.items()) < 1
    assert keeps(parse_rate("5/s"), times[HOT])
    assert times[HOT][-1] - began < 600 + 300 / 5 + 15
    assert {event.scope for event in line.events.of(GateClosed)} == {"key"}
    counts = [count for count in receives(line) if count > 1]
    assert (len(counts), max(counts) <= 5) == (301, True)
    assert sum(counts) / 301 < 2.3
    assert not len(line.dead)


@pytest.mark.parametrize("rate", ["2/s", "30/min", "1000/d"])
def test_a_hot_shop_stalls_no_other(rate: str) -> None:
    """Forty shops have more to send than they may, and ten requests go at once: the others' go at once, too."""

    @virtual_time
    async def run() -> None:
        line = by_shop(rate, ScriptedVendor(latency=0.05))
        line.queue.put(*(message(f"shop {number % 40}", number) for number in range(1_200)))
        async with line.running():
            put = await trickle(line, 120, every=0.25)
            await line.drained()
        times = sent(line)
        assert max(times[other][0] - at for other, at in put.items()) < 1
        assert all(keeps(parse_rate(rate), each) for each in times.values())
        hot = times["shop 0"]
        assert (len(hot) - 1) / (hot[-1] - hot[0]) >= 0.9 * parse_rate(rate).per_second
        assert sum(receives(line)) / 1_200 < 2.6
        assert max(receives(line)) <= 4
        assert not len(line.dead)

    run()


@virtual_time
async def test_two_entries_with_one_limit_never_exceed_it_together() -> None:
    """Each with a queue of its own, and one of them with a vendor that throttles now and then."""
    limit, count = OneLimit(Limiter(throttle("10/s"))), 0

    def script(jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        nonlocal count
        count += 1
        return [Throttled(timedelta(seconds=3)) if count % 50 == 0 else Delivered()]

    lines = [
        Line(vendor=ScriptedVendor(each, latency=0.1), limits=Limits(10, limiters=limit)) for each in (script, None)
    ]
    for line in lines:
        line.queue.put(*(message(str(number)) for number in range(300)))
    async with lines[0].running(), lines[1].running():
        for line in lines:
            await line.drained()
    assert keeps(parse_rate("10/s"), sorted(at for line in lines for at in line.vendor.times))
    assert max(line.vendor.times[-1] for line in lines) - min(line.vendor.times[0] for line in lines) < 600 / 10 * 1.7
    assert not any(len(line.dead) for line in lines)


# secrets by payload


class Keyed(ScriptedVendor):
    """A vendor whose requests need the secret that the job names."""

    def __init__(self, secrets: CachedSecrets, **more: Any) -> None:
        super().__init__(**more)
        self._secrets = secrets

    async def send(self, request: list[Job[Any]]) -> Sequence[Outcome]:
        assert {await self._secrets(job.secret) for job in request} == {f"token of {request[0].payload['to']}"}
        return await super().send(request)


@pytest.mark.parametrize("size", [1, 10])
def test_a_secret_that_cannot_be_had_stops_its_own_messages_only(size: int) -> None:
    """The other shops' go at once; its own are kept, cost no attempt, and go once somebody has stored it."""

    @virtual_time
    async def run() -> None:
        store = MemorySecrets(**{f"shop/{number}": f"token of {number}" for number in range(20)})
        async with CachedSecrets(store, LoopClock()) as secrets:
            vendor = Keyed(secrets, latency=0.05, traits=Traits(batch=Batch(size, linger=timedelta(seconds=0.1))))
            line = Line(vendor=vendor, limits=Limits(5), secret=parse_naming("secret", "shop/{to}"))
            line.queue.put(*(message(HOT, number) for number in range(50)))
            async with line.running():
                began = line.clock.monotonic()
                line.queue.put(*(message(str(number % 20), number) for number in range(400)))
                await line.until(lambda: len(line.vendor.keys) == 400)
                assert line.clock.monotonic() - began < 10
                await line.until(lambda: line.clock.monotonic() - began > 600, every=5)
                assert not sent(line)[HOT]
                assert not line.gate.ajar
                asked = store.faults.calls["get"]
                await store.put(f"shop/{HOT}", f"token of {HOT}")
                await line.drained()
        assert asked - 20 <= 12  # once for all that come at once, and then by the probes of its door
        assert {event.scope for event in line.events.of(VendorBlocked)} == {"key"}
        assert len(sent(line)[HOT]) == 50
        assert {event.attempt for event in line.events.of(MessageSettled)} == {1}
        assert not len(line.dead)

    run()


@virtual_time
async def test_a_payload_without_the_field_is_buried_by_field_and_key() -> None:
    """It could be sent under no limit and with no secret; the next message is."""
    line = by_shop("10/s", ScriptedVendor(), patience=60.0)
    line.queue.put('{"from": "a"}', message("a"))
    async with line.running():
        await line.drained()
    [dead] = line.dead.stored
    told = json.loads(dead.outgoing.attributes[BURIAL].text)
    assert (told["reason"], told["code"]) == ("to is missing, and limit_key needs it", "field_missing")
    assert len(line.vendor.sent) == 1


@virtual_time
async def test_a_failing_vendor_loses_nothing_of_what_was_put_off() -> None:
    """Failures, a breaker and a hot key together: everything is delivered in the end, within the key's rate."""
    calls = 0

    def script(jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        nonlocal calls
        calls += 1
        return [RetryAfter(timedelta(seconds=2), "HTTP 500") if 20 < calls < 60 else Delivered()] * len(jobs)

    line = by_recipient("20/s", "10/min")
    line.vendor._script = script
    line.queue.put(*(message(HOT, number) for number in range(60)), *(message(str(number)) for number in range(200)))
    async with line.running():
        await line.drained()
    assert keeps(parse_rate("10/min"), sent(line)[HOT])
    assert len(receives(line)) == 260
    assert not len(line.dead)
