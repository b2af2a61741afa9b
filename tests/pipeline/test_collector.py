"""Items of many callers go in one call, and each caller gets its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.loop import START, run, virtual_time
from worker.pipeline.collector import Collector, confirmed


class Calls:
    """Notes each call and answers every item with its negative."""

    def __init__(self) -> None:
        self.made: list[tuple[float, list[int]]] = []
        self.answer: Callable[[Sequence[int]], Sequence[int]] = lambda items: [-item for item in items]
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.made.append((asyncio.get_running_loop().time() - START, list(items)))
        await self.go.wait()
        return self.answer(items)

    @property
    def items(self) -> list[list[int]]:
        return [items for _, items in self.made]


@virtual_time
async def test_a_full_call_goes_at_once() -> None:
    """Ten do not wait for the linger."""
    calls = Calls()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, size=3, linger=5)
        results = await asyncio.gather(*(collector.add(item) for item in (1, 2, 3)))
    assert calls.made == [(0.0, [1, 2, 3])]
    assert results == [-1, -2, -3]


@virtual_time
async def test_the_first_waits_no_longer_than_the_linger() -> None:
    """Later ones wait for less; the next linger counts from the next first one."""
    calls = Calls()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, size=3, linger=5)
        collector.add(1)
        await asyncio.sleep(4)
        assert await collector.add(2) == -2
        await asyncio.sleep(1)
        assert await collector.add(3) == -3
    assert calls.made == [(5.0, [1, 2]), (11.0, [3])]


@virtual_time
async def test_a_full_call_takes_its_linger_along() -> None:
    """The timer of what has gone does not cut the next one's short."""
    calls = Calls()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, size=2, linger=5)
        collector.add(1)
        await asyncio.sleep(4)
        collector.add(2)
        await collector.add(3)
    assert calls.made == [(4.0, [1, 2]), (9.0, [3])]


@virtual_time
async def test_without_linger_what_comes_together_goes_together() -> None:
    """What comes in one turn of the loop."""
    calls = Calls()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group)
        await asyncio.gather(*(collector.add(item) for item in (1, 2)))
    assert calls.items == [[1, 2]]


@settings(max_examples=100, deadline=None)
@given(weights=st.lists(st.integers(1, 12), max_size=30), size=st.integers(1, 5), most=st.none() | st.integers(1, 10))
def test_no_call_is_too_long_or_too_heavy_and_none_is_lost(weights: list[int], size: int, most: int | None) -> None:
    """In the order of their coming; what alone is too heavy goes alone."""

    async def scene() -> Calls:
        calls = Calls()
        async with asyncio.TaskGroup() as group:
            collector = Collector(calls, group=group, size=size, weigh=int, most=most)
            results = await asyncio.gather(*(collector.add(weight) for weight in weights))
        assert results == [-weight for weight in weights]
        return calls

    items = run(scene()).items
    assert [weight for call in items for weight in call] == weights
    for call, following in zip(items, [*items, None][1:], strict=True):
        assert len(call) <= size
        assert most is None or len(call) == 1 or sum(call) <= most
        full = len(call) == size or (most is not None and following and sum(call) + following[0] > most)
        assert full or following is None


@virtual_time
async def test_a_cancelled_caller_leaves_its_item_in() -> None:
    """The others' results are theirs."""
    calls = Calls()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, linger=5)
        first, second = collector.add(1), collector.add(2)
        first.cancel()
        assert await second == -2
    assert calls.items == [[1, 2]]


@virtual_time
async def test_a_caller_cancelled_in_the_middle_of_the_call_disturbs_nobody() -> None:
    """Whether it ends well or not."""
    for error in (None, ValueError("down")):
        calls = Calls()
        calls.go.clear()
        if error:
            calls.answer = _raising(error)
        async with asyncio.TaskGroup() as group:
            collector = Collector(calls, group=group)
            first, second = collector.add(1), collector.add(2)
            await asyncio.sleep(1)
            first.cancel()
            calls.go.set()
            assert (await asyncio.gather(second, return_exceptions=True))[0] == (error or -2)


@virtual_time
async def test_what_the_call_raises_every_caller_of_it_gets() -> None:
    """And callers of the next call do not."""
    calls = Calls()
    works, calls.answer = calls.answer, _raising(ValueError("down"))
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, size=2)
        results = await asyncio.gather(collector.add(1), collector.add(2), return_exceptions=True)
        assert [str(result) for result in results] == ["down", "down"]
        calls.answer = works
        assert await collector.add(3) == -3


@virtual_time
async def test_a_result_that_is_missing_is_an_error_and_not_an_endless_wait() -> None:
    """A call that answers two of three has broken its word to the third."""
    calls = Calls()
    calls.answer = lambda items: [-item for item in items[:2]]
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group, size=3)
        results = await asyncio.gather(*(collector.add(item) for item in (1, 2, 3)), return_exceptions=True)
    assert results[:2] == [-1, -2]
    assert isinstance(results[2], ValueError)


@virtual_time
async def test_a_call_that_is_cancelled_cancels_its_callers() -> None:
    """They must not wait for ever for what their group has given up."""
    calls = Calls()
    calls.go.clear()
    futures: list[asyncio.Future[int]] = []

    async def scene(group: asyncio.TaskGroup) -> None:
        collector = Collector(calls, group=group)
        futures.extend((collector.add(1), collector.add(2)))
        futures[0].cancel()

    await crashed(scene)
    assert all(future.cancelled() for future in futures)


@virtual_time
async def test_after_the_end_of_its_callers_nothing_is_begun() -> None:
    """All were cancelled with their group while the linger ran: its timer starts no task in a group that is over."""
    calls = Calls()
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))

    async def scene(group: asyncio.TaskGroup) -> None:
        await Collector(calls, group=group, linger=5).add(1)

    await crashed(scene)
    await asyncio.sleep(10)
    assert (calls.made, faults) == ([], [])


@virtual_time
async def test_who_still_waits_when_the_group_is_over_is_cancelled() -> None:
    """It takes no task any more, so nobody would ever answer: a stop that is overdue must end."""
    calls = Calls()
    waiting: list[asyncio.Future[int]] = []

    async def scene(group: asyncio.TaskGroup) -> None:
        waiting.append(Collector(calls, group=group, linger=5).add(1))
        await confirmed(waiting[0])

    await crashed(scene)
    assert (calls.made, waiting[0].cancelled()) == ([], True)


@virtual_time
async def test_a_call_that_is_cancelled_before_it_begins_cancels_its_callers() -> None:
    """Such a task does nothing at all, so it cannot tell them itself."""
    calls = Calls()
    waiting: list[asyncio.Future[int]] = []
    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            waiting.append(Collector(calls, group=group, size=1).add(1))
            raise OSError
    await asyncio.sleep(1)
    assert (calls.made, waiting[0].cancelled()) == ([], True)


@virtual_time
async def test_a_call_that_nobody_waits_for_any_more_is_ended() -> None:
    """Its group need not wait for it; while one of its callers is left it goes on."""
    calls = Calls()
    calls.go.clear()
    async with asyncio.TaskGroup() as group:
        collector = Collector(calls, group=group)
        first, second = collector.add(1), collector.add(2)
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.sleep(1)
        assert not second.done()
        second.cancel()
    assert calls.items == [[1, 2]]


async def crashed(scene: Callable[[asyncio.TaskGroup], Coroutine[None, None, None]]) -> None:
    """Run a scene in a group that a crash ends after a second."""

    async def crash() -> None:
        await asyncio.sleep(1)
        raise ValueError

    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(scene(group))
            group.create_task(crash())


def _raising(error: Exception) -> Callable[[Sequence[int]], Sequence[int]]:
    def raising(_: Sequence[int]) -> Sequence[int]:
        raise error

    return raising


# confirmed


class Waiter:
    """A task that waits for a future to the end, then for something else."""

    def __init__(self) -> None:
        self.future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.seen: list[object] = []
        self.task = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        try:
            self.seen.append(await confirmed(self.future))
        except ValueError as error:
            self.seen.append(error)
        await asyncio.sleep(0)
        self.seen.append("went on")


@virtual_time
async def test_what_is_confirmed_is_returned() -> None:
    """And the caller goes on."""
    waiter = Waiter()
    waiter.future.set_result("done")
    await waiter.task
    assert waiter.seen == ["done", "went on"]


@virtual_time
async def test_what_is_done_already_is_not_waited_for() -> None:
    """Its result is returned in the same turn."""
    future = asyncio.get_running_loop().create_future()
    future.set_result("done")
    assert await confirmed(future) == "done"


@pytest.mark.parametrize("times", [1, 3])
@virtual_time
async def test_a_cancellation_waits_for_the_confirmation(times: int) -> None:
    """However often it comes; the caller learns the result and ends at its next await."""
    waiter = Waiter()
    for _ in range(times):
        await asyncio.sleep(1)
        waiter.task.cancel()
    await asyncio.sleep(100)
    assert not waiter.task.done()
    waiter.future.set_result("done")
    await asyncio.wait([waiter.task])
    assert waiter.task.cancelled()
    assert waiter.seen == ["done"]


@pytest.mark.parametrize("cancelled", [True, False])
@virtual_time
async def test_what_fails_is_raised(cancelled: bool) -> None:
    """To a caller that was cancelled too: it is the one to know, and the cancellation follows."""
    waiter, error = Waiter(), ValueError("down")
    await asyncio.sleep(1)
    if cancelled:
        waiter.task.cancel()
        await asyncio.sleep(1)
    waiter.future.set_exception(error)
    await asyncio.wait([waiter.task])
    assert waiter.task.cancelled() is cancelled
    assert waiter.seen == ([error] if cancelled else [error, "went on"])


@virtual_time
async def test_what_is_given_up_cancels_the_caller() -> None:
    """A future that was cancelled will never be confirmed."""
    waiter = Waiter()
    await asyncio.sleep(1)
    waiter.future.cancel()
    await asyncio.wait([waiter.task])
    assert waiter.task.cancelled()
    assert waiter.seen == []


@virtual_time
async def test_a_deadline_around_it_is_still_a_deadline() -> None:
    """It cancels once, so it is told as a timeout and not as somebody's cancellation."""
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(5, future.set_result, "done")

    async def wait() -> None:
        async with asyncio.timeout(1):
            await confirmed(future)
            await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        await wait()
    assert asyncio.get_running_loop().time() == START + 5
