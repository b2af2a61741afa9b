"""Several processes in one virtual time: each can stand still or die by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

from tests.fakes.loop import VirtualLoop

T = TypeVar("T")


class Process:
    """Stands still until `frozen_until`: all that it would do before that it does then, in the same order."""

    def __init__(self) -> None:
        self.frozen_until = 0.0

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of this process; what it starts belongs to it too."""
        context = copy_context()
        context.run(_OF.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)


_OF: ContextVar[Process | None] = ContextVar("process", default=None)


class ProcessLoop(VirtualLoop):
    """What belongs to no process never stands still: the network, the state table."""

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        deferred = _Deferred(self, callback, args, context)
        deferred.handle = super().call_soon(deferred, context=context)
        return deferred.handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        deferred = _Deferred(self, callback, args, context)
        timer = super().call_at(when, deferred, context=context)
        deferred.handle = timer
        return timer

    def put_off(self, until: float, callback: Callable[..., object]) -> None:
        """Whatever process it belongs to."""
        super().call_at(until, callback)


class _Deferred:
    """A callback that waits until its process moves again, and is not made if it was cancelled meanwhile."""

    def __init__(
        self, loop: ProcessLoop, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> None:
        self._loop = loop
        self._callback = callback
        self._args = args
        self._process = _OF.get() if context is None else context.get(_OF)
        self.handle: asyncio.Handle | None = None

    def __call__(self) -> None:
        if self._process is not None and self._process.frozen_until > self._loop.time():
            self._loop.put_off(self._process.frozen_until, self)
        elif self.handle is None or not self.handle.cancelled():
            self._callback(*self._args)


def outside(seconds: float, callback: Callable[..., object], *args: Any) -> None:
    """Let something happen that belongs to no process."""
    asyncio.get_running_loop().call_later(seconds, callback, *args, context=Context())


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own."""
    with asyncio.Runner(loop_factory=ProcessLoop) as runner:
        return runner.run(main)
