"""A limit as gates know it: who waits for it, who is put off, and when one for a value is forgotten."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.manual_clock import ManualClock
from tests.fakes.windows import keeps
from worker.model.rate import parse_rate
from worker.pipeline.door import Door
from worker.pipeline.limiter import LimitByValue, Limiter, OneLimit
from worker.pipeline.throttle import Throttle
from worker.pipeline.way import Way

FIRST, AGAIN = Way(), Way(again=True)
PATIENCE = 5.0


def limited(text: str, clock: ManualClock) -> Limiter:
    return Limiter(Throttle(parse_rate(text), guard=0.0, clock=clock))


class Told:
    """An entry that shares the limit."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def door_closed(self, door: Door, reason: str, seconds: float) -> None:
        self.heard.append((reason, seconds))

    def door_opened(self, door: Door, seconds: float) -> None:
        self.heard.append(seconds)


def test_the_pacer_knows_what_is_wanted() -> None:
    """In tokens, for as long as they wait."""
    clock = ManualClock()
    limiter = limited("1/s", clock)
    assert limiter.pacer is not None
    with limiter.wanted(3), limiter.wanted(1):
        assert (limiter.pacer.wanted, limiter.waiting) == (4, 2)
    assert (limiter.pacer.wanted, limiter.waiting) == (0, 0)


def test_a_limit_is_shut_by_its_door_or_its_pace() -> None:
    """Whichever is the longer; without a rate there is the door only."""
    clock = ManualClock()
    limiter = limited("1/min", clock)
    assert limiter.pacer is not None
    now = clock.monotonic()
    limiter.pacer.take()
    assert limiter.shut_for(now) == pytest.approx(60)
    limiter.door.close(now, reason="throttled", after=90)
    assert limiter.shut_for(now) == 90
    assert Limiter(None).shut_for(now) == 0


def test_without_a_rate_nobody_is_put_off() -> None:
    """What the vendor says is all that is known."""
    limiter = Limiter(None)
    with limiter.wanted(1):
        assert limiter.too_long(FIRST, PATIENCE, 0.0) == 0.0
    assert limiter.put_off(1, 0.0) is None


def test_those_wait_here_who_can_be_sent_within_the_patience() -> None:
    """At 2/s ten in five seconds, or about that; the next one is put off, and told a time behind them."""
    clock = ManualClock()
    limiter, now = limited("2/s", clock), clock.monotonic()
    waiting = 0
    while waiting < 100:
        with limiter.wanted(waiting + 1):
            if limiter.too_long(Way(cost=1), PATIENCE, now):
                break
        waiting += 1
    assert 9 <= waiting <= 12
    with limiter.wanted(waiting):
        times = [limiter.put_off(1, now) for _ in range(3)]
    assert times == pytest.approx([waiting / 2, waiting / 2 + 0.5, waiting / 2 + 1])


def test_a_limit_that_is_shut_for_long_puts_all_off() -> None:
    """Even the first who comes."""
    clock = ManualClock()
    limiter, now = limited("1/min", clock), clock.monotonic()
    assert limiter.pacer is not None
    limiter.pacer.take()
    with limiter.wanted(1):
        assert limiter.too_long(AGAIN, PATIENCE, now) == pytest.approx(60)


def test_a_call_that_costs_more_than_passes_soon_waits_when_it_is_alone() -> None:
    """Else it would be put off for ever."""
    clock = ManualClock()
    limiter, now = limited("100/min", clock), clock.monotonic()
    with limiter.wanted(60):
        assert limiter.too_long(Way(cost=60), PATIENCE, now) == 0.0
        with limiter.wanted(1):
            assert limiter.too_long(Way(cost=1), PATIENCE, now) > PATIENCE


def test_a_newcomer_goes_behind_those_put_off_and_they_do_not() -> None:
    """Unless the last of them is about to come."""
    clock = ManualClock()
    limiter, now = limited("2/s", clock), clock.monotonic()
    with limiter.wanted(40):
        for _ in range(20):
            limiter.put_off(1, now)
    with limiter.wanted(1):
        assert limiter.too_long(FIRST, PATIENCE, now + 15) == pytest.approx(15)
        assert limiter.too_long(AGAIN, PATIENCE, now + 15) == 0.0
        assert limiter.too_long(FIRST, PATIENCE, now + 27) == 0.0


def test_another_task_s_word_closes_the_door() -> None:
    """Each entry that shares the limit is told, once; while a probe is on its way that decides, if it has an answer."""
    clock, told = ManualClock(), Told()
    limiter, now = limited("2/s", clock), clock.monotonic()
    limiter.sharers.append(told)
    limiter.close(10, now)
    limiter.close(20, now)
    assert told.heard == [("throttled", 10)]
    assert limiter.door.shut_for(now) == 20
    limiter.door.probe()
    limiter.close(90, now)
    assert limiter.door.shut_for(now) == 0
    limiter.door.abandon()
    assert limiter.door.shut_for(now) == 90


def test_one_limit_is_the_same_for_all() -> None:
    """Whatever a request says."""
    limiter = Limiter(None)
    limits = OneLimit(limiter)
    assert limits.of("a") is limits.of(None) is limits.only is limiter


def by_value(clock: ManualClock, rate: str = "1/min", kept: int = 2) -> LimitByValue:
    return LimitByValue(lambda _: limited(rate, clock), clock.monotonic, kept=kept)


def test_each_value_has_a_limit() -> None:
    """The same one whenever it is asked for."""
    limits = by_value(ManualClock())
    assert limits.only is None
    assert limits.of("a") is limits.of("a") is not limits.of("b")


def test_what_is_at_rest_is_forgotten_the_longest_unused_first() -> None:
    """Memory is bounded."""
    limits = by_value(ManualClock())
    a, b = limits.of("a"), limits.of("b")
    limits.of("a")
    limits.of("c")
    assert limits.of("b") is not b
    assert limits.of("a") is not a  # for b had to be made anew


@pytest.mark.parametrize("reason", ["sent", "waiting", "in the air", "put off", "closed"])
def test_what_is_not_at_rest_is_kept(reason: str) -> None:
    """Forgotten, it would begin anew, or not hear what the vendor says; there are more than wanted for a while."""
    clock = ManualClock()
    limits = by_value(clock)
    busy, now, waiting = [limits.of("a"), limits.of("b")], clock.monotonic(), ExitStack()
    for each in busy:
        assert each.pacer is not None
        match reason:
            case "sent":
                each.pacer.take()
            case "waiting":
                waiting.enter_context(each.wanted(1))
            case "in the air":
                each.in_air += 1
            case "put off":
                with each.wanted(1):
                    each.put_off(1, now)
            case _:
                each.door.close(now, reason="throttled", after=50)
    with waiting:
        limits.of("c")
        assert [limits.of("a"), limits.of("b")] == busy


def test_what_has_come_to_rest_makes_room() -> None:
    """Even after more than wanted were kept: for each newcomer up to two go."""
    clock = ManualClock()
    limits = by_value(clock)
    for name in "abcdef":
        pacer = limits.of(name).pacer
        assert pacer is not None
        pacer.take()
    clock.seconds += 61
    for name in "uvwxyz":
        limits.of(name)
    assert len(limits._limiters) <= 2


def test_a_cooldown_that_nobody_probes_is_forgotten_after_an_hour() -> None:
    """A shop that is gone for good takes no room for ever; one that is being probed does."""
    clock = ManualClock()
    limiter = Limiter(None)
    limiter.door.close(clock.monotonic(), reason="throttled", after=60)
    assert not limiter.is_idle(clock.monotonic() + 3600)
    assert limiter.is_idle(clock.monotonic() + 3660)
    limiter.door.probe()
    assert not limiter.is_idle(clock.monotonic() + 9999)


async def test_what_keeps_a_limit_going_ends_with_it() -> None:
    """No task is left behind by a value that is forgotten."""
    clock = ManualClock()
    limits = by_value(clock, kept=1)
    keeper = limits.of("a").keeper = asyncio.create_task(asyncio.sleep(1000))
    limits.of("b")
    await asyncio.wait([keeper])
    assert keeper.cancelled()


@settings(max_examples=100, deadline=None)
@given(
    kept=st.integers(1, 3),
    asked=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([0.0, 0.2, 0.6, 1.5])), max_size=80),
)
def test_no_value_exceeds_its_limit_however_many_there_are(kept: int, asked: list[tuple[str, float]]) -> None:
    """With room for few only, each is sent to just when its own limit allows it."""
    clock, rate, sent = ManualClock(), parse_rate("2/s"), defaultdict(list)
    limits = by_value(clock, "2/s", kept)
    for name, pause in asked:
        clock.seconds += pause
        pacer = limits.of(name).pacer
        assert pacer is not None
        if pacer.shut_for() == 0:
            pacer.take()
            sent[name].append(clock.monotonic())
    assert all(keeps(rate, instants) for instants in sent.values())
