"""The limit as a whole: never above it and nowhere near below it, whatever comes, stalls and changes."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import LoopClock
from tests.fakes.greedy import Call, greedy
from tests.fakes.loop import START, run, stall
from worker.model.rate import Rate, parse_rate
from worker.pipeline.throttle import Throttle

pytestmark = pytest.mark.no_cover  # what is covered here is covered elsewhere; measuring it takes minutes

LATE = 1e-4  # of the time gone by: what adding floats and turning timers cost

TEXTS = st.builds("{}/{}".format, st.integers(1, 40), st.sampled_from(["s", "min", "h"])) | st.sampled_from(
    ["0.5/s", "1.5/s", "2.5/s", "0.1/s", "1000/s", "200/h"]
)
SHORT = st.builds("{}/{}".format, st.integers(1, 40), st.sampled_from(["s", "min"])) | st.sampled_from(
    ["0.5/s", "2.5/s", "0.1/s"]
)
GUARDS = st.sampled_from([0.0, 0.02, 0.3])
BURSTS = st.none() | st.integers(1, 50)
STALLS = st.lists(st.tuples(st.floats(0, 90), st.floats(0, 10)), max_size=10) | st.builds(
    lambda every, part, count: [(number * every, every * part) for number in range(count)],
    st.sampled_from([0.01, 0.1, 1.0]),
    st.floats(0, 0.6),
    st.integers(0, 200),
)


def rates(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Rate]:
    return st.lists(texts, min_size=1, max_size=3).map(parse_rate)


@st.composite
def arrivals(draw: st.DrawFn, rates: Sequence[Rate]) -> list[Call]:
    """All at once, evenly, in clumps or anyhow, of one cost or of several; a pattern that comes again and again."""
    most = min(window.limit for rate in rates for window in rate.windows)
    cost = st.sampled_from([1, most, max(1, most // 2), most // 2 + 1]) | st.integers(1, most)
    costs = draw(st.just([1]) | st.lists(cost, min_size=1, max_size=6))
    shortest = rates[0].windows[0]
    parts = st.sampled_from([0.0, 0.0, 0.0, 1 / shortest.limit, 0.5, 1.0, 1.02, 3.0]) | st.floats(0, 2)
    gaps = draw(st.just([0.0]) | st.lists(parts, min_size=1, max_size=12))
    at, calls = START, []
    for number in range(draw(st.integers(1, 120))):
        at += gaps[number % len(gaps)] * shortest.seconds
        calls.append((at, costs[number % len(costs)]))
    return calls


@dataclass
class Seen:
    """What happened, in the loop's seconds."""

    left: list[float] = field(default_factory=list)  # of each call
    under: list[Rate] = field(default_factory=list)  # the rate when it left
    stalls: list[tuple[float, float]] = field(default_factory=list)
    changes: list[tuple[float, Rate]] = field(default_factory=list)

    def stalled(self, since: float, until: float) -> float:
        """Seconds of stalls that began in between."""
        return sum(seconds for at, seconds in self.stalls if since <= at < until)


@dataclass
class Trial:
    """A throttle, what is to be sent through it, and what disturbs it."""

    rate: Rate
    guard: float
    burst: int | None
    calls: Sequence[Call]
    stalls: Sequence[tuple[float, float]] = ()
    changes: Sequence[tuple[float, Rate]] = ()
    throttlings: Sequence[float] = ()

    async def seen(self) -> Seen:
        """Send all calls, one after the other as the gate does."""
        loop, seen = asyncio.get_running_loop(), Seen(changes=[(START, self.rate)])
        throttle = Throttle(
            self.rate, guard=self.guard, clock=LoopClock(), burst=self.burst, adaptive=bool(self.throttlings)
        )
        for after, seconds in self.stalls:
            loop.call_at(START + after, self._stall, seen, seconds)
        for after, rate in self.changes:
            loop.call_at(START + after, self._change, seen, throttle, rate)
        for after in self.throttlings:
            loop.call_at(START + after, lambda: throttle.throttled(loop.time()))
        for at, cost in self.calls:
            await asyncio.sleep(max(0.0, at - loop.time()))
            await throttle.wait(cost)
            throttle.take(cost)
            seen.left.append(loop.time())
            seen.under.append(seen.changes[-1][1])
        return seen

    def _stall(self, seen: Seen, seconds: float) -> None:
        seen.stalls.append((asyncio.get_running_loop().time(), seconds))
        stall(seconds)

    def _change(self, seen: Seen, throttle: Throttle, rate: Rate) -> None:
        seen.changes.append((asyncio.get_running_loop().time(), rate))
        throttle.change(rate)


def assert_kept(calls: Sequence[Call], seen: Seen) -> None:
    """At each instant of sending no window of the rate of that instant holds more than its limit, its ends counted."""
    tokens: list[float] = []
    for (_, cost), now, rate in zip(calls, seen.left, seen.under, strict=True):
        tokens += [now] * cost
        for window in rate.windows:
            assert len(tokens) - bisect_left(tokens, now - window.seconds) <= window.limit


def assert_used(trial: Trial, seen: Seen) -> None:
    """After each change (and at the start) every call leaves when it could, a shortest window later at the most."""
    ends = [at for at, _ in seen.changes[1:]] + [float("inf")]
    for (since, rate), until in zip(seen.changes, ends, strict=True):
        first, last = bisect_left(seen.left, since), bisect_left(seen.left, until)
        used = [at for at, (_, cost) in zip(seen.left[:first], trial.calls, strict=False) for _ in range(cost)]
        calls = [(max(at, since), cost) for at, cost in trial.calls[first:last]]
        for left, could in zip(seen.left[first:last], greedy(rate, trial.guard, calls, used), strict=True):
            spread = rate.windows[0].seconds + LATE * (1 + could - since)
            assert left - seen.stalled(since, left) <= could + spread


@settings(max_examples=400, deadline=None)
@given(st.data(), rates(TEXTS), GUARDS, BURSTS, STALLS)
def test_no_window_is_exceeded_and_each_is_filled(
    data: st.DataObject, rate: Rate, guard: float, burst: int | None, stalls: list[tuple[float, float]]
) -> None:
    """Of the guarded windows all that a greedy sender gets, within a window of it; stalled time left out."""
    trial = Trial(rate, guard, burst, data.draw(arrivals([rate])), stalls)
    seen = run(trial.seen())
    assert_kept(trial.calls, seen)
    assert_used(trial, seen)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.lists(rates(SHORT), min_size=2, max_size=4), GUARDS, BURSTS, STALLS)
def test_a_live_change_of_rate_is_exact(
    data: st.DataObject, limits: list[Rate], guard: float, burst: int | None, stalls: list[tuple[float, float]]
) -> None:
    """What was sent before counts from that instant on under the new limit, of which all is used."""
    afters = data.draw(st.lists(st.floats(0, 100), min_size=len(limits) - 1, max_size=len(limits) - 1).map(sorted))
    trial = Trial(
        limits[0],
        guard,
        burst,
        data.draw(arrivals(limits)),
        stalls,
        changes=list(zip(afters, limits[1:], strict=True)),
    )
    seen = run(trial.seen())
    assert_kept(trial.calls, seen)
    assert_used(trial, seen)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(rates(TEXTS), min_size=1, max_size=3), GUARDS, BURSTS, st.lists(st.floats(0, 200)))
def test_no_window_is_exceeded_with_an_adaptive_rate_either(
    data: st.DataObject, limits: list[Rate], guard: float, burst: int | None, throttlings: list[float]
) -> None:
    """However often it is throttled, and changed to limits with windows of any length."""
    changes = [(data.draw(st.floats(0, 200)), rate) for rate in limits[1:]]
    trial = Trial(
        limits[0], guard, burst, data.draw(arrivals(limits)), changes=changes, throttlings=[0.0, *throttlings]
    )
    assert_kept(trial.calls, run(trial.seen()))
