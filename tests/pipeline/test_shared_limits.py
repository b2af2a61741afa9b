"""Gates whose limit is shared with other entries, and gates with a limit for each value of a payload field."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, run, stall, virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.windows import keeps
from worker.model.events import GateClosed, GateOpened
from worker.model.outcome import Blocked, Delivered, Outcome, Scope, Throttled
from worker.model.rate import parse_rate
from worker.pipeline.closed import ClosedError
from worker.pipeline.gate import Gate, Limits
from worker.pipeline.limiter import LimitByValue, Limiter, Limiters, OneLimit
from worker.pipeline.throttle import Throttle
from worker.pipeline.way import Way

SECOND = timedelta(seconds=1)


class Desk:
    """An entry's gate, and requests that pass it and are answered."""

    def __init__(self, limiters: Limiters, concurrency: int = 10, **limits: object) -> None:
        self.events = RecordedTelemetry()
        told = Limits(concurrency, limiters=limiters, **limits)  # type: ignore[arg-type]  # as the tests say
        self.gate = Gate("foo", told, clock=LoopClock(), telemetry=self.events)
        self.sent: list[tuple[float, str | None]] = []
        self.aside = 0
        self.crowded = False

    async def ask(
        self, *outcomes: Outcome, limit: str | None = None, key: str | None = None, seconds: float = 0.0, cost: int = 1
    ) -> None:
        """One request that takes so long and is answered so."""
        keys = frozenset(() if key is None else (key,))
        with await self.gate.admit(Way(keys, keys, limit, cost), self.beside) as passage:
            self.sent.append((now() - START, limit))
            await asyncio.sleep(seconds)
            passage.observe(outcomes or (Delivered(),))

    def start(self, *outcomes: Outcome, **how: object) -> asyncio.Task[None]:
        return asyncio.create_task(self.ask(*outcomes, **how))  # type: ignore[arg-type]  # as the tests say

    @contextmanager
    def beside(self) -> Iterator[bool]:
        self.aside += 1
        try:
            yield self.crowded
        finally:
            self.aside -= 1

    def times(self, limit: str | None = None) -> list[float]:
        return [at for at, under in self.sent if under == limit]


def now() -> float:
    return asyncio.get_running_loop().time()


def one(rate: str | None) -> OneLimit:
    return OneLimit(limiter(rate))


def limiter(rate: str | None) -> Limiter:
    return Limiter(None if rate is None else Throttle(parse_rate(rate), guard=0.0, clock=LoopClock()))


def by_value(rate: str | None, kept: int = 100) -> LimitByValue:
    return LimitByValue(lambda _: limiter(rate), LoopClock().monotonic, kept=kept)


# entries with one limit


@settings(max_examples=50, deadline=None)
@given(
    text=st.sampled_from(["3/s", "10/s", "30/min", "0.5/s"]),
    arrivals=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 20)), min_size=30, max_size=60),
    stalls=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 8)), max_size=4),
    concurrency=st.integers(1, 5),
)
def test_entries_with_one_limit_together_never_exceed_it(
    text: str, arrivals: list[tuple[int, float]], stalls: list[tuple[float, float]], concurrency: int
) -> None:
    """In no window, whichever of them sends, and wherever the loop hangs."""

    async def sent() -> list[float]:
        limit = one(text)
        desks = [Desk(limit, concurrency, patience=1e9) for _ in range(3)]
        for at, seconds in stalls:
            asyncio.get_running_loop().call_later(at, stall, seconds)

        async def arrive(desk: int, at: float) -> None:
            await asyncio.sleep(at)
            await desks[desk].ask(seconds=0.2)

        await asyncio.gather(*(arrive(*arrival) for arrival in arrivals))
        return sorted(at for desk in desks for at in desk.times())

    assert keeps(parse_rate(text), run(sent()))


@virtual_time
async def test_entries_with_one_limit_share_it_equally() -> None:
    """Where both have enough to send, and use it whole."""
    limit = one("10/s")
    desks = [Desk(limit, patience=1e9), Desk(limit, patience=1e9)]
    tasks = [desk.start() for desk in desks for _ in range(100)]
    await asyncio.sleep(10)
    sent = [len(desk.sent) for desk in desks]
    assert sum(sent) >= 99
    assert abs(sent[0] - sent[1]) <= 2
    await asyncio.wait(tasks)


class Strict(Throttle):
    """One waiter at a time, as `Pacer` says."""

    waiters = most = 0

    async def wait(self, cost: int = 1) -> None:
        self.waiters += 1
        self.most = max(self.most, self.waiters)
        try:
            await super().wait(cost)
        finally:
            self.waiters -= 1


@pytest.mark.parametrize("are_values", [True, False])
@virtual_time
async def test_entries_wait_for_a_limit_one_at_a_time(are_values: bool) -> None:
    """Whoever keeps it need not know of several."""
    pacer = Strict(parse_rate("2/s"), guard=0.0, clock=LoopClock())
    limit: Limiters = OneLimit(Limiter(pacer))
    if are_values:
        shared = Limiter(pacer)
        limit = LimitByValue(lambda _: shared, LoopClock().monotonic)
    desks = [Desk(limit) for _ in range(3)]
    await asyncio.gather(*(desk.ask(limit="a") for desk in desks for _ in range(3)))
    assert pacer.most == 1


@virtual_time
async def test_an_entry_that_waits_for_its_own_requests_leaves_the_limit_to_the_others() -> None:
    """Its one connection is busy for a minute; the other entry sends at the full rate."""
    limit = one("10/s")
    busy, other = Desk(limit, concurrency=1, patience=1e9), Desk(limit, patience=1e9)
    tasks = [busy.start(seconds=60) for _ in range(3)]
    await asyncio.sleep(1)
    await asyncio.gather(*(other.ask() for _ in range(50)))
    assert now() - START < 7
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@virtual_time
async def test_a_throttle_closes_all_entries_of_the_limit_and_any_probe_reopens_it() -> None:
    """Each is told of both, so that no gauge stays behind, and looks for messages again."""
    limit = one("10/s")
    first, second = Desk(limit), Desk(limit)
    await first.ask(Throttled(10 * SECOND))
    assert second.gate.shut_for() == 10
    assert second.gate.ajar
    first.gate.moved.clear()
    await second.ask()
    assert second.times() == [10]
    assert first.gate.moved.is_set()
    for desk in (first, second):
        assert [event.reason for event in desk.events.of(GateClosed)] == ["throttled"]
        assert [event.scope for event in desk.events.of(GateOpened)] == ["vendor"]
        assert desk.gate.closed_seconds() == 10


@virtual_time
async def test_a_block_of_one_entry_is_its_own_affair() -> None:
    """Credentials are an entry's, not the limit's."""
    limit = one("10/s")
    first, second = Desk(limit), Desk(limit)
    await first.ask(Blocked("HTTP 401"))
    assert first.gate.ajar
    assert not second.gate.ajar
    assert not second.events.of(GateClosed)


class Fleet:
    """The other tasks."""

    def __init__(self) -> None:
        self.told: list[float | str] = []

    def closed(self, seconds: float) -> None:
        self.told.append(seconds)

    def probing(self, seconds: float = 30.0) -> None:
        self.told.append("probing" if seconds else "no reply")

    def reopened(self) -> None:
        self.told.append("reopened")


@virtual_time
async def test_the_fleet_is_told_what_closes_its_limit_and_that_it_is_open_again() -> None:
    """Not what is this entry's own, or a key's; a late throttle while a probe is in the air says nothing new."""
    fleet = Fleet()
    desk = Desk(OneLimit(Limiter(None, fleet)))
    await desk.ask(Throttled(5 * SECOND, Scope("k")), key="k")
    late = desk.start(Throttled(5 * SECOND), seconds=12)
    await desk.ask(Throttled(10 * SECOND))
    assert fleet.told == [10]
    probe = desk.start(seconds=5)
    await late
    assert fleet.told == [10, "probing"]
    await probe
    assert fleet.told == [10, "probing", "reopened"]
    await desk.ask(Blocked("HTTP 401"))
    await asyncio.sleep(60)
    await desk.ask()
    assert fleet.told == [10, "probing", "reopened"]


@virtual_time
async def test_the_fleet_need_not_wait_for_the_reply_to_a_probe_that_was_ended() -> None:
    """A stop, or a lost lease: the others are told, and the next request is the probe. A key's is nobody else's."""
    fleet = Fleet()
    desk = Desk(OneLimit(Limiter(None, fleet)))
    await desk.ask(Throttled(5 * SECOND, Scope("k")), key="k")
    await desk.ask(Throttled(SECOND))
    await asyncio.sleep(10)
    probe = desk.start(key="k", seconds=60)
    await asyncio.sleep(1)
    assert fleet.told == [1, "probing"]
    probe.cancel()
    await desk.ask()
    assert fleet.told == [1, "probing", "no reply", "probing", "reopened"]


# a limit for each value


@settings(max_examples=50, deadline=None)
@given(
    text=st.sampled_from(["3/s", "10/min"]),
    asked=st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abcd"), st.floats(0, 20)), min_size=20, max_size=60),
    kept=st.integers(1, 3),
    stalls=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 8)), max_size=3),
)
def test_no_value_s_limit_is_exceeded(
    text: str, asked: list[tuple[int, str, float]], kept: int, stalls: list[tuple[float, float]]
) -> None:
    """However few are kept in mind and whoever shares it; what is put off comes again when it was told to."""

    async def sent() -> dict[str | None, list[float]]:
        limits = by_value(text, kept)
        desks = [Desk(limits, 3), Desk(limits, 3)]
        for at, seconds in stalls:
            asyncio.get_running_loop().call_later(at, stall, seconds)

        async def arrive(desk: Desk, limit: str, at: float) -> None:
            await asyncio.sleep(at)
            while True:
                try:
                    return await desk.ask(limit=limit, seconds=0.2)
                except ClosedError:
                    await asyncio.sleep(desk.gate.put_off(Way(limit=limit)) or 1)

        await asyncio.gather(*(arrive(desks[desk], limit, at) for desk, limit, at in asked))
        by_limit = defaultdict(list)
        for at, limit in sorted(desks[0].sent + desks[1].sent):
            by_limit[limit].append(at)
        return by_limit

    assert all(keeps(parse_rate(text), times) for times in run(sent()).values())


@virtual_time
async def test_a_limit_is_not_made_anew_while_a_request_waits_for_something_else() -> None:
    """Its value was forgotten meanwhile, and then used by another: that one counts."""
    desk = Desk(by_value("1/min", kept=1), rate_per_key=parse_rate("1/min"), key_patience=1e9)
    await desk.ask(limit="z", key="k")
    waiting = desk.start(limit="a", key="k")
    await asyncio.sleep(50)
    await desk.ask(limit="b")
    await desk.ask(limit="a")
    await waiting
    assert desk.times("a") == pytest.approx([50, 110], abs=0.1)


@virtual_time
async def test_a_limit_is_kept_while_a_reply_may_still_close_it() -> None:
    """A hundred other values are met meanwhile, and there is room for one."""
    limits = by_value(None, kept=1)
    desk = Desk(limits)
    asked = desk.start(Throttled(60 * SECOND), limit="a", seconds=10)
    for number in range(100):
        await desk.ask(limit=str(number))
    await asked
    with pytest.raises(ClosedError):
        await desk.ask(limit="a")
    assert limits.of("a").in_air == 0


@virtual_time
async def test_slow_values_keep_no_connection_from_others() -> None:
    """Ten values that are used up for a minute, and one connection: the eleventh passes at once."""
    desk = Desk(by_value("1/min"), concurrency=1, key_patience=1e9)
    await asyncio.gather(*(desk.ask(limit=str(number)) for number in range(10)))
    waiting = [desk.start(limit=str(number)) for number in range(10)]
    await asyncio.sleep(1)
    assert desk.aside == 10
    await desk.ask(limit="other")
    assert desk.times("other") == [1]
    await asyncio.wait(waiting)
    assert desk.aside == 0


@virtual_time
async def test_only_the_limit_is_waited_for_aside() -> None:
    """A connection is what others wait for, too."""
    desk = Desk(by_value("10/s"), concurrency=1)
    tasks = [desk.start(limit=limit, seconds=5) for limit in "ab"]
    await asyncio.sleep(1)
    assert desk.aside == 0
    await asyncio.wait(tasks)
    assert desk.times("b") == [5]


@virtual_time
async def test_a_throttle_closes_its_value_only() -> None:
    """The others pass; for those of that value nothing is held longer than they are patient."""
    desk = Desk(by_value("10/s"))
    await desk.ask(Throttled(60 * SECOND), limit="a")
    await desk.ask(limit="b")
    with pytest.raises(ClosedError):
        await desk.ask(limit="a")
    assert desk.gate.shut_for(Way(limit="a")) == 60
    assert desk.gate.shut_for(Way(limit="b")) == desk.gate.shut_for() == 0
    assert not desk.gate.ajar
    assert [event.scope for event in desk.events.of(GateClosed)] == ["key"]
    await asyncio.sleep(60)
    await desk.ask(limit="a")
    assert [event.scope for event in desk.events.of(GateOpened)] == ["key"]


@virtual_time
async def test_values_without_a_rate_have_a_cooldown_of_their_own() -> None:
    """All that a vendor without a published limit needs; there is no time that would be anybody's own."""
    desk = Desk(by_value(None), concurrency=5)
    await asyncio.gather(desk.ask(Throttled(3 * SECOND), limit="a"), desk.ask(limit="b"))
    await desk.ask(limit="a")
    assert desk.times("a") == [0, 3]
    assert desk.gate.throttle is None


@pytest.mark.parametrize("place", ["door", "turn", "pace", "connection", "air"])
@virtual_time
async def test_a_request_cancelled_at_any_await_leaves_the_way_free(place: str) -> None:
    """The next one of its value passes as if it had never come."""
    desk = Desk(by_value("1/min"), concurrency=1, key_patience=1e9)
    blocker: asyncio.Task[None] | None = None
    match place:
        case "door":
            await desk.ask(Throttled(30 * SECOND), limit="a")
        case "turn":
            await desk.ask(limit="a")
            blocker = desk.start(limit="a")
        case "pace":
            await desk.ask(limit="a")
        case "connection":
            blocker = desk.start(limit="b", seconds=30)
        case _:
            pass
    await asyncio.sleep(0.1)
    sent = len(desk.sent)
    task = desk.start(limit="a", seconds=10)
    await asyncio.sleep(0.5)
    assert (len(desk.sent) > sent) is (place == "air")
    task.cancel()
    await asyncio.wait([task])
    if blocker:
        await blocker
    await asyncio.wait_for(desk.ask(limit="a"), 61)
    assert (desk.gate.sending, desk.aside) == (0, 0)


# who is put off


@virtual_time
async def test_of_one_value_each_that_is_put_off_has_a_time_of_its_own() -> None:
    """One after the other; another value's is another."""
    desk = Desk(by_value("1/s"))
    waiting = [desk.start(limit="a") for _ in range(7)]
    await asyncio.sleep(0)
    assert not desk.gate.bars(Way(limit="a"))  # its doors are open
    with pytest.raises(ClosedError):
        await desk.ask(limit="a")
    times = [desk.gate.put_off(Way(limit="a")) for _ in range(3)]
    assert times[0] is not None
    assert times == pytest.approx([times[0], times[0] + 1, times[0] + 2])
    assert 4 <= times[0] <= 8
    await asyncio.wait(waiting)


def of(name: str, limit: str | None = None) -> Way:
    return Way(frozenset((name,)), frozenset((name,)), limit)


@virtual_time
async def test_behind_a_cooldown_each_has_a_time_of_its_own() -> None:
    """A shop that is closed for twenty seconds, a recipient for two minutes: they do not come back all at once."""
    desk = Desk(by_value("1/s"), rate_per_key=parse_rate("6/min"))
    await desk.ask(Throttled(20 * SECOND), limit="a")
    assert [desk.gate.put_off(Way(limit="a")) for _ in range(3)] == pytest.approx([20, 21, 22])
    await desk.ask(Throttled(120 * SECOND, Scope("k")), limit="b", key="k")
    assert [desk.gate.put_off(of("k", "b")) for _ in range(3)] == pytest.approx([120, 130, 140])


@virtual_time
async def test_where_no_rate_is_known_nobody_has_a_time_of_his_own() -> None:
    """Behind the door of a key without a rate, of a secret, of the vendor: all come again when it opens."""
    desk = Desk(by_value(None))
    await desk.ask(Throttled(20 * SECOND), limit="a")
    assert desk.gate.put_off(Way(limit="a")) is None
    await desk.ask(Throttled(20 * SECOND, Scope("k")), limit="b", key="k")
    assert desk.gate.put_off(of("k", "b")) is None
    rated = Desk(one("10/s"), rate_per_key=parse_rate("1/min"))
    await rated.ask(key="k")
    await rated.ask(Blocked("HTTP 401", Scope("s")), key="s")
    assert rated.gate.put_off(Way(frozenset("ks"), frozenset("k"))) is None
    await rated.ask(Blocked("HTTP 401"))
    assert rated.gate.put_off(of("k")) is None


@virtual_time
async def test_with_one_limit_only_a_key_s_rate_gives_times() -> None:
    """For the limit itself all come again at once: permits see to it that they are few."""
    desk = Desk(one("10/s"), rate_per_key=parse_rate("1/min"))
    await desk.ask(key="k")
    assert desk.gate.put_off(of("k")) == pytest.approx(60)
    assert desk.gate.put_off(Way()) is None
    slow = Desk(one("1/h"), rate_per_key=parse_rate("1/min"))
    await slow.ask(key="k")
    assert slow.gate.put_off(of("k")) is None  # the vendor's own wait is the longer one


@virtual_time
async def test_in_a_crowd_nobody_waits_for_what_is_his_own() -> None:
    """Who could wait two seconds aside is put off, lest too many are held; who could go at once goes."""
    desk = Desk(by_value("1/s"), rate_per_key=parse_rate("30/min"))
    await desk.ask(limit="a", key="k")
    desk.crowded = True
    await desk.ask(limit="b", key="l")
    with pytest.raises(ClosedError):
        await desk.ask(limit="a", key="m")
