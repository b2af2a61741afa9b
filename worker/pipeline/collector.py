"""Gathers the items of many callers into one call: when it is full, or when the first has waited long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Collector(Generic[T, R]):
    """Each caller gets its own item's result; a cancelled one leaves its item in, unless all of a call are cancelled.

    `flush` takes the items and returns one result for each, in order; what it raises, every caller of that call gets.
    The tasks that it runs in belong to `group`.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        group: asyncio.TaskGroup,
        size: int = 10,
        linger: float = 0.0,
        weigh: Callable[[T], int] | None = None,
        most: int | None = None,
    ) -> None:
        self._flush = flush
        self._group = group
        self._size = size
        self._linger = linger
        self._weigh = weigh  # with `most`: the weights of one call together
        self._most = most
        self._items: list[T] = []
        self._waiting: list[asyncio.Future[R]] = []
        self._weight = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: T) -> asyncio.Future[R]:
        """Put an item in; the future has its result."""
        loop = asyncio.get_running_loop()
        weight = self._weigh(item) if self._weigh else 0
        if self._items and self._most is not None and self._weight + weight > self._most:
            self._go()
        future: asyncio.Future[R] = loop.create_future()
        self._items.append(item)
        self._waiting.append(future)
        self._weight += weight
        if len(self._items) >= self._size:
            self._go()
        elif self._timer is None:
            self._timer = loop.call_later(self._linger, self._go)
        return future

    def _go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, waiting = self._items, self._waiting
        self._items, self._waiting, self._weight = [], [], 0
        if all(future.done() for future in waiting):  # all were cancelled
            return
        call = self._call(items, waiting)
        try:
            task = self._group.create_task(call)
        except RuntimeError:  # the group is at its end: nobody would ever answer
            call.close()
            _leave(waiting)
        else:
            task.add_done_callback(lambda _: _leave(waiting))
            for future in waiting:
                future.add_done_callback(lambda _: _end(task, waiting))

    async def _call(self, items: list[T], waiting: list[asyncio.Future[R]]) -> None:
        try:
            results = await self._flush(items)
            for future, result in zip(waiting, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001 - handed on
            for future in waiting:
                if not future.done():
                    future.set_exception(error)


def _leave(waiting: Sequence[asyncio.Future[R]]) -> None:
    """Let those go whom a call has left without a word: one that is cancelled before it begins raises nothing."""
    for future in waiting:
        future.cancel()


def _end(task: asyncio.Task[None], waiting: Sequence[asyncio.Future[R]]) -> None:
    """End a call that nobody waits for any more; it may be over already."""
    if all(future.done() for future in waiting):
        task.cancel()


async def confirmed(future: asyncio.Future[R]) -> R:
    """Wait for a future to the end; a cancellation meanwhile takes effect at the caller's next await."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            cancelled = True
        except Exception:  # noqa: BLE001, S110 - raised by result() below
            pass
    if cancelled and (task := asyncio.current_task()):
        task.uncancel()
        task.cancel()
    return future.result()
