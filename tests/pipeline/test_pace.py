"""The pace spreads what leaves, and is never what keeps a window from being filled."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from worker.model.rate import parse_rate
from worker.pipeline.pace import Pace

OPEN = 0.0  # the ceiling holds nothing back


def now() -> float:
    return asyncio.get_running_loop().time()


async def spend(pace: Pace, cost: int = 1, opens_at: float = OPEN) -> float:
    """One call, as soon as the pace and the ceiling let it; when that was."""
    await pace.acquire(cost, opens_at)
    await asyncio.sleep(max(0.0, opens_at - now()))
    pace.spend(cost)
    return now()


@virtual_time
async def test_it_is_a_little_faster_than_the_limit() -> None:
    """By a twentieth, or what timers are late would be lost."""
    pace = Pace(parse_rate("10/s"), None, LoopClock())
    left = [await spend(pace) for _ in range(22)]
    assert left[-1] - left[0] == pytest.approx(2.0)


@virtual_time
async def test_the_shortest_window_sets_it() -> None:
    """Of two that are as short, the one with the lower limit."""
    assert Pace(parse_rate(["300/min", "20/s", "10/s"]), None, LoopClock()).per_second == pytest.approx(10.5)


@virtual_time
async def test_a_call_takes_its_tokens_one_by_one() -> None:
    """Five of a burst of two: two are there, for three it waits."""
    pace, start = Pace(parse_rate("10/s"), 2, LoopClock()), now()
    assert await spend(pace, 5) - start == pytest.approx(3 / 10.5)


@virtual_time
async def test_calls_of_the_same_cost_are_spread_whatever_the_ceiling_holds_back() -> None:
    """Each was held back for a minute, and the burst is still a burst."""
    pace = Pace(parse_rate("10/s"), 2, LoopClock())
    await spend(pace, 5, now() + 60)
    await spend(pace, 5, now() + 60)
    start = now()
    assert await spend(pace, 5) - start == pytest.approx(3 / 10.5)


@virtual_time
async def test_once_costs_differ_what_the_ceiling_holds_back_counts_as_paced() -> None:
    """Held back for half a second, which is five tokens and a quarter: six leave with those of the burst, not eight."""
    pace = Pace(parse_rate("10/s"), 1, LoopClock())
    await spend(pace)
    opens_at = now() + 0.5
    assert await spend(pace, 2, opens_at) == opens_at
    assert await spend(pace, 3) == opens_at
    assert await spend(pace, 1) == opens_at
    assert await spend(pace, 2) > opens_at


@virtual_time
async def test_what_was_counted_is_lost_when_nobody_wants_to_send() -> None:
    """After a second of rest it is the burst again."""
    pace = Pace(parse_rate("10/s"), 1, LoopClock())
    await spend(pace)
    await spend(pace, 2, now() + 1.0)
    await asyncio.sleep(1.0)
    start = now()
    assert await spend(pace, 5) - start == pytest.approx(4 / 10.5)


@virtual_time
async def test_what_was_counted_is_never_more_than_a_window() -> None:
    """A call that was held back for a day, and then as much as the limit at once; of another rate the burst."""
    pace = Pace(parse_rate("10/s"), 1, LoopClock())
    await spend(pace)
    opens_at = now() + 86_400
    await spend(pace, 2, opens_at)
    for _ in range(9):  # the burst comes on top
        assert await spend(pace) == opens_at
    assert await spend(pace) > opens_at
    opens_at = now() + 86_400
    await spend(pace, 2, opens_at)
    pace.follow(parse_rate("20/s"))
    for _ in range(2):  # one that is in hand, and one that is new
        assert await spend(pace) == opens_at
    assert await spend(pace) > opens_at


@virtual_time
async def test_who_gives_up_leaves_its_tokens_to_the_next() -> None:
    """Three of ten were there; and of what a great call leaves, a small one keeps no more than the burst."""
    pace = Pace(parse_rate("10/s"), 2, LoopClock())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await pace.acquire(10, OPEN)
    start = now()
    await pace.acquire(10, OPEN)
    assert now() - start < 0.7
    pace = Pace(parse_rate("10/s"), 2, LoopClock())
    await pace.acquire(1, OPEN)
    pace._in_hand = 9  # of calls that were turned away
    pace.spend(1)
    assert pace._in_hand == 2
