"""What the gate lets through, and when."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import LoopClock
from tests.fakes.loop import START, run, stall, virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.windows import keeps
from worker.model.events import GateClosed, GateOpened, VendorBlocked, VendorThrottled
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
from worker.pipeline.closed import ClosedError
from worker.pipeline.gate import Gate, Limits, Passage
from worker.pipeline.throttle import Throttle
from worker.pipeline.way import Way

SECOND = timedelta(seconds=1)
A, B = ("a",), ("b",)
FAILED = RetryAfter(None, "HTTP 500")


def way_of(keys: Collection[str]) -> Way:
    """Of a request with these scopes."""
    return Way(frozenset(keys), frozenset(keys))


class Desk:
    """A gate, and requests that pass it and are answered."""

    def __init__(self, *, rate: str | None = None, per_key: str | None = None, **limits: float) -> None:
        clock = LoopClock()
        throttle = None if rate is None else Throttle(parse_rate(rate), guard=0.0, clock=clock)
        per = None if per_key is None else parse_rate(per_key)
        self.events = RecordedTelemetry()
        concurrency = int(limits.pop("concurrency", 10))
        patience = {"patience": 60.0, "key_patience": limits.get("patience", 60.0)}
        told = Limits(concurrency, throttle, per, **patience | limits)
        self.gate = Gate("foo", told, clock=clock, telemetry=self.events)
        self.sent: list[tuple[float, object]] = []
        self.in_air = self.most_in_air = 0

    async def ask(
        self, *outcomes: Outcome, keys: Collection[str] = (), seconds: float = 0.0, name: object = None
    ) -> None:
        """One request that takes so long and is answered so."""
        with await self.gate.admit(way_of(keys)) as passage:
            self.sent.append((now(), name))
            self.in_air += 1
            self.most_in_air = max(self.most_in_air, self.in_air)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.in_air -= 1
            passage.observe(outcomes or (Delivered(),))

    def start(self, *outcomes: Outcome, **how: object) -> asyncio.Task[None]:
        """The same, beside."""
        return asyncio.create_task(self.ask(*outcomes, **how))

    @property
    def names(self) -> list[object]:
        return [name for _, name in self.sent]

    @property
    def times(self) -> list[float]:
        return [at - START for at, _ in self.sent]


def now() -> float:
    return asyncio.get_running_loop().time()


async def turns(count: int = 5) -> None:
    """Let everybody go as far as they get without time passing."""
    for _ in range(count):
        await asyncio.sleep(0)


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


# order and concurrency


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 30),
    concurrency=st.integers(1, 5),
    rate=st.none() | st.sampled_from(["1/s", "20/s"]),
    seconds=st.sampled_from([0.0, 0.3, 5.0]),
)
def test_requests_leave_in_the_order_of_their_coming(
    count: int, concurrency: int, rate: str | None, seconds: float
) -> None:
    """Whatever they wait for: a slot, the throttle, each other."""

    async def order() -> list[object]:
        desk = Desk(rate=rate, concurrency=concurrency)
        await asyncio.gather(*(desk.ask(name=number, seconds=seconds) for number in range(count)))
        return desk.names

    assert run(order()) == list(range(count))


@settings(max_examples=100, deadline=None)
@given(
    concurrency=st.integers(1, 4),
    requests=st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 1.0, 3.0]), st.none() | st.floats(0, 5)), min_size=1, max_size=25
    ),
    rate=st.none() | st.just("5/s"),
)
def test_no_more_than_concurrency_are_in_the_air_and_no_slot_is_lost(
    concurrency: int, requests: list[tuple[float, float | None]], rate: str | None
) -> None:
    """Requests are cancelled at any moment; afterwards just as many fit at once as before."""

    async def scene() -> None:
        desk = Desk(rate=rate, concurrency=concurrency)
        tasks = [desk.start(seconds=seconds) for seconds, _ in requests]
        for task, (_, cancelled) in zip(tasks, requests, strict=True):
            if cancelled is not None:
                asyncio.get_running_loop().call_later(cancelled, task.cancel)
        await asyncio.wait(tasks)
        assert desk.most_in_air <= concurrency
        assert desk.gate.sending == 0
        desk.most_in_air = 0
        more = [desk.start(seconds=1_000) for _ in range(concurrency + 1)]
        await asyncio.sleep(900)
        assert desk.most_in_air == concurrency
        await asyncio.wait(more)

    run(scene())


@pytest.mark.parametrize("place", ["door", "key's door", "key's rate", "turn", "slot", "throttle", "air"])
@virtual_time
async def test_a_request_cancelled_at_any_await_leaves_the_way_free(place: str) -> None:
    """The next one passes as if it had never come."""
    desk = Desk(rate="1/s", per_key="1/min", concurrency=1, patience=1_000.0)
    keys: Collection[str] = ()
    blocker: asyncio.Task[None] | None = None
    match place:
        case "door":
            await desk.ask(Throttled(30 * SECOND))
        case "key's door":
            keys = A
            await desk.ask(Throttled(30 * SECOND, Scope("a")))
        case "key's rate":
            keys = A
            await desk.ask(keys=A)
        case "turn":
            blocker, _ = desk.start(seconds=30), desk.start(seconds=0)
        case "slot":
            blocker = desk.start(seconds=30)
        case "throttle":
            await desk.ask()
        case _:
            pass
    await turns()
    task = desk.start(keys=keys, seconds=10, name="cancelled")
    await asyncio.sleep(0.5)
    assert ("cancelled" in desk.names) is (place == "air")
    await cancel(task)
    if blocker:
        await blocker
    await asyncio.wait_for(desk.ask(keys=keys, name="next"), 61)
    assert desk.names[-1] == "next"
    assert desk.gate.sending == 0


@virtual_time
async def test_a_request_that_is_refused_while_it_waits_gives_its_slot_back() -> None:
    """The gate closes while the next one waits for the throttle; it passes once the gate is open again."""
    desk = Desk(rate="1/s", concurrency=2)
    first = desk.start(Throttled(10 * SECOND), seconds=0.5)
    await turns()
    await asyncio.gather(first, desk.ask(seconds=5), desk.ask(seconds=9))
    assert desk.times[1:] == pytest.approx([10.5, 15.5])
    assert desk.gate.sending == 0
    await asyncio.gather(desk.ask(seconds=9), desk.ask(seconds=9))
    assert desk.most_in_air == 2


# the limit


@settings(max_examples=100, deadline=None)
@given(
    text=st.sampled_from(["3/s", "10/s", "30/min", "0.5/s"]),
    concurrency=st.integers(1, 20),
    arrivals=st.lists(st.floats(0, 20), min_size=30, max_size=60),
    stalls=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 8)), max_size=6),
    replies=st.lists(st.sampled_from([Delivered(), FAILED, Throttled(SECOND), Throttled()]), min_size=1),
)
def test_no_window_holds_more_than_the_limit_at_the_instants_of_sending(
    text: str,
    concurrency: int,
    arrivals: list[float],
    stalls: list[tuple[float, float]],
    replies: list[Outcome],
) -> None:
    """Whatever comes when, what the vendor says and wherever the loop hangs."""

    async def sent() -> list[float]:
        desk = Desk(rate=text, concurrency=concurrency, patience=1e9)
        for at, seconds in stalls:
            asyncio.get_running_loop().call_later(at, stall, seconds)

        async def arrive(number: int, at: float) -> None:
            await asyncio.sleep(at)
            await desk.ask(replies[number % len(replies)], seconds=0.2)

        await asyncio.gather(*(arrive(number, at) for number, at in enumerate(arrivals)))
        return desk.times

    assert keeps(parse_rate(text), run(sent()))


@settings(max_examples=50, deadline=None)
@given(
    text=st.sampled_from(["2/s", "5/min"]),
    keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=40),
    guard=st.sampled_from([0.0, 0.1]),
)
def test_no_key_s_window_holds_more_than_its_limit(text: str, keys: list[str], guard: float) -> None:
    """Each key has its own."""

    async def sent() -> dict[object, list[float]]:
        desk = Desk(per_key=text, concurrency=20, guard=guard, patience=1e9)
        await asyncio.gather(*(desk.ask(keys=(key,), name=key) for key in keys))
        by_key = defaultdict(list)
        for at, key in desk.sent:
            by_key[key].append(at)
        return by_key

    assert all(keeps(parse_rate(text), times) for times in run(sent()).values())


@virtual_time
async def test_a_full_key_does_not_hold_up_other_keys() -> None:
    """A hundred for one key that takes one a minute, and ninety others behind them use the whole 10/s."""
    desk = Desk(rate="10/s", per_key="1/min", concurrency=5, patience=1e9)
    await desk.ask()  # the next one waits for the throttle, and all others behind it
    full = [desk.start(keys=A, name="full") for _ in range(100)]
    await turns()
    await asyncio.gather(*(desk.ask(keys=(str(number),), name=number) for number in range(90)))
    assert desk.names[1:3] == ["full", 0]
    assert now() - START == pytest.approx(9, abs=0.2)
    for task in full:
        await cancel(task) if not task.done() else None


@virtual_time
async def test_who_is_turned_away_takes_no_turn_at_the_throttle() -> None:
    """Ten queue when a key closes; the next other request leaves at once and not ten seconds later."""
    desk = Desk(rate="1/s", concurrency=20, patience=1e9)
    first = desk.start(Throttled(100 * SECOND, Scope("a")), keys=A, seconds=0.5)
    await turns()
    waiting = [desk.start(keys=A) for _ in range(10)]
    await first
    await desk.ask(keys=B, name="b")
    assert desk.names == [None, "b"]
    assert desk.times[1] == pytest.approx(1, abs=0.01)
    for task in waiting:
        await cancel(task)


@virtual_time
async def test_a_request_must_pass_every_key_that_it_has() -> None:
    """A batch of two keys is refused while one of them is full, lest that keep up the other; it takes from both."""
    desk = Desk(per_key="1/min", patience=1e9)
    await desk.ask(keys=A)
    with pytest.raises(ClosedError, match=r"60\.0 s"):
        await desk.ask(keys=(*A, *B))
    await asyncio.sleep(60.1)
    await desk.ask(keys=(*A, *B))
    await asyncio.gather(desk.ask(keys=A), desk.ask(keys=B))
    assert desk.times == pytest.approx([0, 60.1, 120.1, 120.1], abs=0.01)


# closing and probing


@pytest.mark.parametrize("outcome", [Throttled(10 * SECOND), Throttled(10 * SECOND, Scope("a"))])
@virtual_time
async def test_a_throttle_closes_its_scope_and_no_other(outcome: Throttled) -> None:
    """The whole vendor for everybody, a key for that key alone."""
    desk = Desk()
    await desk.ask(outcome)
    tasks = [desk.start(keys=keys, name=name) for keys, name in [(A, "a"), (B, "b"), ((), "none")]]
    await asyncio.sleep(9)
    whole = outcome.scope.key is None
    assert sorted(desk.names[1:]) == ([] if whole else ["b", "none"])
    assert desk.gate.shut_for() == (1.0 if whole else 0.0)
    assert desk.gate.shut_for(way_of("a")) == 1.0
    assert desk.gate.shut_for(way_of("b")) == (1.0 if whole else 0.0)
    assert desk.gate.ajar is whole
    assert desk.gate.closed_seconds() == (9.0 if whole else 0.0)
    await asyncio.wait(tasks)


@pytest.mark.parametrize("scope", [Scope(), Scope("a")])
@virtual_time
async def test_at_most_one_probe_passes_and_its_success_lets_the_others_follow(scope: Scope) -> None:
    """Ten wait; one leaves when the cooldown is over, nine when its reply is there."""
    desk = Desk()
    await desk.ask(Throttled(10 * SECOND, scope), keys=A)
    await asyncio.gather(*(desk.ask(keys=A, seconds=3) for _ in range(10)))
    assert desk.times[1:] == pytest.approx([10] + [13] * 9)
    assert len(desk.events.of(GateOpened)) == 1


@pytest.mark.parametrize("scope", [Scope(), Scope("a")])
@virtual_time
async def test_a_probe_s_failure_closes_again_for_longer(scope: Scope) -> None:
    """About 1 s, 2 s, 4 s, where the vendor does not say; one request each."""
    desk = Desk()
    for _ in range(4):
        await desk.ask(Throttled(None, scope), keys=A)
    pauses = [late - early for early, late in zip(desk.times, desk.times[1:], strict=False)]
    assert all(0.75 * most <= pause <= most for pause, most in zip(pauses, [1, 2, 4], strict=True))
    closings = desk.events.of(GateClosed)
    word = "vendor" if scope.key is None else "key"
    assert [(event.scope, event.reason) for event in closings] == [(word, "throttled")] * 4
    assert not desk.events.of(GateOpened)


@virtual_time
async def test_late_throttles_do_not_escalate() -> None:
    """Ten in the air when it closed are all throttled: the next closing is the second, not the eleventh."""
    desk = Desk()
    await asyncio.gather(*(desk.ask(Throttled(), seconds=0.1 * number) for number in range(10)))
    assert len(desk.events.of(GateClosed)) == 1
    await desk.ask(Throttled())
    assert desk.gate.shut_for() <= 2.0


@virtual_time
async def test_a_late_throttle_does_not_take_the_probe_s_place() -> None:
    """It comes while the probe is in the air: no second probe passes, and the probe's success reopens."""
    desk = Desk()
    late = desk.start(Throttled(), seconds=12)
    await turns()
    await desk.ask(Throttled(10 * SECOND))
    probe, waiting = desk.start(seconds=8, name="probe"), desk.start(name="waiting")
    await late
    assert desk.gate.ajar
    await asyncio.gather(probe, waiting)
    assert desk.names[2:] == ["probe", "waiting"]
    assert desk.times[2:] == pytest.approx([10, 18])
    assert len(desk.events.of(GateClosed)) == 1


@virtual_time
async def test_a_late_success_does_not_reopen() -> None:
    """It left before the vendor said stop."""
    desk = Desk()
    late = desk.start(Delivered(), seconds=2)
    await turns()
    await desk.ask(Throttled(10 * SECOND))
    await late
    assert desk.gate.shut_for() == 8.0


@pytest.mark.parametrize("scope", [Scope(), Scope("a")])
@virtual_time
async def test_a_cancelled_probe_passes_the_probe_on(scope: Scope) -> None:
    """Nothing is known yet, so the next one is the probe, and still just one."""
    desk = Desk()
    await desk.ask(Throttled(10 * SECOND, scope), keys=A)
    probe = desk.start(keys=A, seconds=100)
    waiting = [desk.start(keys=A, seconds=1, name=name) for name in "12"]
    await asyncio.sleep(15)
    assert len(desk.sent) == 2
    await cancel(probe)
    await asyncio.gather(*waiting)
    assert desk.times[2:] == pytest.approx([15, 16])


@virtual_time
async def test_the_vendor_is_probed_by_one_request_of_a_batch_s_keys_at_once() -> None:
    """A request may probe the whole vendor and its key together; both open."""
    desk = Desk()
    await desk.ask(Throttled(5 * SECOND), Throttled(5 * SECOND, Scope("a")), keys=A)
    await desk.ask(keys=A)
    assert sorted(event.scope for event in desk.events.of(GateOpened)) == ["key", "vendor"]
    assert desk.gate.shut_for(way_of("a")) == 0.0


@pytest.mark.parametrize("outcomes", [(Delivered(), Throttled()), (Throttled(), Delivered())])
@virtual_time
async def test_a_probe_came_back_well_only_if_its_whole_batch_did(outcomes: tuple[Outcome, ...]) -> None:
    """In whichever order the vendor lists its items: the gate stays closed and the wait escalates."""
    desk = Desk()
    await desk.ask(Throttled())
    await desk.ask(*outcomes)
    assert not desk.events.of(GateOpened)
    assert 1.5 <= desk.gate.shut_for() <= 2.0


@pytest.mark.parametrize("outcome", [Delivered(), Rejected("no"), Partial(None, "[1]"), Continue("c"), FAILED])
@virtual_time
async def test_a_probe_that_is_not_throttled_reopens(outcome: Outcome) -> None:
    """The vendor answered something else; failures are the breaker's affair."""
    desk = Desk()
    await desk.ask(Throttled(5 * SECOND))
    await desk.ask(outcome)
    assert not desk.gate.ajar
    assert [event.closed_seconds for event in desk.events.of(GateOpened)] == [5.0]


@virtual_time
async def test_a_block_keeps_the_scope_closed_for_a_minute_at_first_and_alarms() -> None:
    """At the block and at each probe that shows that nobody has acted."""
    desk = Desk(patience=1e9)
    for _ in range(3):
        await desk.ask(Blocked("HTTP 401"))
    assert desk.times[1] >= 45
    assert desk.times[2] - desk.times[1] >= 90
    assert [event.scope for event in desk.events.of(VendorBlocked)] == ["vendor"] * 3
    assert {event.reason for event in desk.events.of(GateClosed)} == {"blocked"}


@virtual_time
async def test_a_block_of_one_key_leaves_the_others() -> None:
    """One customer's token was revoked."""
    desk = Desk()
    await desk.ask(Blocked("revoked", Scope("a")), keys=A)
    await desk.ask(keys=B)
    assert desk.times == [0, 0]
    assert [event.scope for event in desk.events.of(VendorBlocked)] == ["key"]


@virtual_time
async def test_each_throttle_is_told() -> None:
    """Also those that find the gate closed; the key itself is not told."""
    desk = Desk()
    await asyncio.gather(*(desk.ask(Throttled(SECOND, Scope("a"))) for _ in range(3)))
    assert desk.events.of(VendorThrottled) == [VendorThrottled("foo", "key")] * 3


# the breaker


async def fail(desk: Desk, count: int) -> None:
    await asyncio.gather(*(desk.ask(FAILED, seconds=0.1) for _ in range(count)))


@pytest.mark.parametrize("failure", [FAILED, Ambiguous("timeout")])
@virtual_time
async def test_a_vendor_that_only_fails_is_left_alone(failure: Outcome) -> None:
    """After twenty failures; nineteen are not enough."""
    desk = Desk(concurrency=20)
    await asyncio.gather(*(desk.ask(failure) for _ in range(19)))
    assert not desk.gate.ajar
    await desk.ask(failure)
    assert 3.75 <= desk.gate.shut_for() <= 5.0
    assert [event.reason for event in desk.events.of(GateClosed)] == ["breaker"]


@virtual_time
async def test_the_breaker_s_probe_decides() -> None:
    """A failed one closes for longer, a good one opens for all."""
    desk = Desk(concurrency=20)
    await fail(desk, 20)
    await desk.ask(FAILED)
    assert 7.5 <= desk.gate.shut_for() <= 10.0
    await desk.ask(Delivered())
    assert not desk.gate.ajar


@virtual_time
async def test_once_open_the_breaker_counts_anew() -> None:
    """Thirty-nine failed together, nineteen of them after it had tripped: one more failure later on is one."""
    desk = Desk(concurrency=40)
    await fail(desk, 39)
    await desk.ask(Delivered())
    await desk.ask(FAILED)
    assert not desk.gate.ajar


@virtual_time
async def test_late_failures_do_not_trip_the_breaker_again_while_its_probe_is_in_the_air() -> None:
    """Twenty more fail meanwhile; the probe's success reopens."""
    desk = Desk(concurrency=50)
    late = [desk.start(FAILED, seconds=6) for _ in range(20)]
    await turns()
    await fail(desk, 20)
    await desk.ask(Delivered(), seconds=4)
    await asyncio.wait(late)
    assert not desk.gate.ajar
    assert len(desk.events.of(GateClosed)) == 1


# patience


@virtual_time
async def test_a_longer_closing_than_a_message_is_held_for_sends_it_back() -> None:
    """With the seconds that remain; up to the patience it waits."""
    desk = Desk(patience=60.0)
    await desk.ask(Throttled(100 * SECOND))
    await asyncio.sleep(30)
    with pytest.raises(ClosedError, match=r"closed for 70\.0 s") as closed:
        await desk.ask()
    assert closed.value.seconds == 70.0
    await asyncio.sleep(20)
    await desk.ask()
    assert desk.times == [0, 100]


@virtual_time
async def test_patience_holds_for_a_key_s_rate_too() -> None:
    """One an hour for this key; another key's message passes."""
    desk = Desk(per_key="1/h", patience=60.0)
    await desk.ask(keys=A)
    with pytest.raises(ClosedError):
        await desk.ask(keys=A)
    await desk.ask(keys=B)


@virtual_time
async def test_a_closing_while_a_message_waits_sends_it_back_at_once() -> None:
    """What it waited for was short; what came then is not."""
    desk = Desk(patience=60.0)
    await desk.ask(Throttled(10 * SECOND))
    waiting = [desk.start() for _ in range(5)]
    await desk.ask(Throttled(100 * SECOND), name="probe")
    await asyncio.wait(waiting)
    errors = [task.exception() for task in waiting]
    assert sum(isinstance(error, ClosedError) for error in errors) >= 4
    assert now() - START < 70.1


# what others see


@virtual_time
async def test_the_latency_is_a_moving_mean() -> None:
    """The first counts whole, each later one a tenth."""
    desk = Desk()
    assert desk.gate.latency == 0.0
    await desk.ask(seconds=2)
    assert desk.gate.latency == 2.0
    await desk.ask(seconds=1)
    assert desk.gate.latency == pytest.approx(1.9)


@virtual_time
async def test_a_passage_knows_how_long_the_request_took() -> None:
    """From its admission to its end."""
    gate = Desk().gate
    with await gate.admit() as passage:
        assert gate.sending == 1
        await asyncio.sleep(3)
    assert isinstance(passage, Passage)
    assert (passage.seconds, gate.sending) == (3.0, 0)


@virtual_time
async def test_permits_are_told_when_the_throttle_has_let_one_through() -> None:
    """One less waits for it; a gate without a throttle leaves that to the places, which come free one by one."""
    for rate, told in (("10/s", True), (None, False)):
        desk = Desk(rate=rate)
        await desk.ask()
        assert desk.gate.moved.is_set() is told


@virtual_time
async def test_the_throttle_can_be_asked() -> None:
    """By permits, for its forecast."""
    assert Desk().gate.throttle is None
    assert Desk(rate="1/s").gate.throttle is not None


@virtual_time
async def test_a_failure_does_not_lift_a_block() -> None:
    """A vendor that is down when the probe comes has not taken our credentials back: the next probe is later still."""
    desk = Desk()
    await desk.ask(Blocked("HTTP 401"))
    await desk.ask(FAILED)
    assert 45 <= desk.gate.shut_for() <= 240
    assert not desk.events.of(GateOpened)
