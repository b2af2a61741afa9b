"""What Tenure promises, in memory and in the state table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fakes.manual_clock import ManualClock
from tests.fakes.tenure import MemoryTenure, Seat
from worker.aws.limititem import limit_of_vendor
from worker.aws.tenure import TableTenure
from worker.model.message import NOTHING, VendorName
from worker.ports import InProgress, Sole, Tenure

LASTING, WINDOW = timedelta(seconds=20), timedelta(seconds=60)

New = Callable[[], Tenure]


@pytest.fixture(params=["memory", "table"])
def new(request: pytest.FixtureRequest, clock: ManualClock) -> New:
    """Another task's way to the same right."""
    if request.param == "memory":
        seat = Seat()
        return lambda: MemoryTenure(seat, clock)
    table = request.getfixturevalue("state_table")
    return lambda: TableTenure(table, limit_of_vendor(VendorName("foo")), clock)


async def test_the_first_has_it_at_once(new: New) -> None:
    """Nobody was there: nothing of before counts."""
    assert await new().claim(LASTING, WINDOW) == Sole(NOTHING)


async def test_who_has_it_has_it_on_and_others_wait(new: New, clock: ManualClock) -> None:
    """For as long as it is claimed again in time."""
    ours, theirs = new(), new()
    for _ in range(5):
        assert await ours.claim(LASTING, WINDOW) == Sole(NOTHING)
        assert await theirs.claim(LASTING, WINDOW) == InProgress(LASTING)
        clock.seconds += 15
    clock.seconds += 4
    assert await theirs.claim(LASTING, WINDOW) == InProgress(timedelta(seconds=1))


async def test_of_many_that_ask_at_once_one_has_it(new: New) -> None:
    """The others are told to wait."""
    answers = await asyncio.gather(*(new().claim(LASTING, WINDOW) for _ in range(8)))
    assert sorted(type(answer).__name__ for answer in answers) == ["InProgress"] * 7 + ["Sole"]


async def test_who_takes_over_waits_until_the_last_one_s_requests_count_no_more(new: New, clock: ManualClock) -> None:
    """A dead holder may have sent until its right ended: a window from there."""
    await new().claim(LASTING, WINDOW)
    clock.seconds += 25
    answer = await new().claim(LASTING, WINDOW)
    assert isinstance(answer, Sole)
    assert 55 <= answer.wait.total_seconds() <= 56  # the table counts whole seconds


async def test_what_is_released_is_free_at_once_and_still_counts(new: New, clock: ManualClock) -> None:
    """A stop hands over without delay, and the newcomer waits a window of the last request."""
    ours, theirs = new(), new()
    await ours.claim(LASTING, WINDOW)
    clock.seconds += 1
    await ours.release(WINDOW)
    answer = await theirs.claim(LASTING, WINDOW)
    assert isinstance(answer, Sole)
    assert 60 <= answer.wait.total_seconds() <= 61


async def test_nothing_is_owed_a_window_after_the_end(new: New, clock: ManualClock) -> None:
    """Whoever comes later begins at once."""
    await new().claim(LASTING, WINDOW)
    clock.seconds += 82
    assert await new().claim(LASTING, WINDOW) == Sole(NOTHING)


async def test_only_the_holder_can_release_it(new: New) -> None:
    """Another's stop changes nothing."""
    ours, theirs = new(), new()
    await ours.claim(LASTING, WINDOW)
    await theirs.claim(LASTING, WINDOW)
    await theirs.release(WINDOW)
    assert isinstance(await new().claim(LASTING, WINDOW), InProgress)
