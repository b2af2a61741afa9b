"""An event loop in virtual time: its clock jumps to the next timer when nothing is ready to run."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

START = 1000.0  # not 0, so that a forgotten initial value shows
HORIZON = 30 * 86_400.0  # seconds after which a test can only be going round in circles
ROUNDING = 1e-9  # the loop itself calls a timer due when it is this near


class VirtualTimeError(AssertionError):
    """The test waits for what cannot happen."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, in virtual time; raises VirtualTimeError where it would hang."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def stall(seconds: float) -> None:
    """Let the running virtual loop hang for so long, as a callback does that computes or waits for a disk."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stall(seconds)


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an async test run in virtual time (its fixtures must not be async)."""

    @functools.wraps(test)
    def in_virtual_time(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return in_virtual_time


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeping costs nothing; I/O and threads are not waited for."""

    def __init__(self) -> None:
        self._now = START
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def stall(self, seconds: float) -> None:
        """The callback that runs now takes so long; nothing else has run meanwhile."""
        self._now += seconds

    def call_later(self, delay: float, *call: Any, **more: Any) -> asyncio.TimerHandle:
        """As any loop does; but what is later takes time, so that two who wait for a rounding error do not spin."""
        return super().call_later(max(delay, 2 * ROUNDING) if delay > 0 else delay, *call, **more)

    def call_at(self, when: float, *call: Any, **more: Any) -> asyncio.TimerHandle:
        """The same."""
        return super().call_at(max(when, self._now + 2 * ROUNDING) if when > self._now else when, *call, **more)

    def idle(self, seconds: float | None) -> None:
        """Go on to the next timer, `seconds` away; None: there is none."""
        if self._ready or self._stopping:
            return
        if seconds is None:
            raise VirtualTimeError(f"nothing is ready and no timer is set, so these wait for ever: {self._waiting()}")
        # A timer due within rounding fires now; who then arms it again for the same instant (aiolimiter does) would
        # spin in a clock that stands still.
        self._now += max(seconds, ROUNDING)
        if self._now - START > HORIZON:
            raise VirtualTimeError(f"{HORIZON / 86_400:.0f} days have gone by and these still wait: {self._waiting()}")

    def _waiting(self) -> str:
        places = []
        for task in asyncio.all_tasks(self):
            stack = task.get_stack(limit=1)
            where = f"{stack[-1].f_code.co_filename}:{stack[-1].f_lineno}" if stack else "not started"
            places.append(f"{task.get_coro().__qualname__} at {where}")
        return "; ".join(sorted(places)) or "no task"


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            self._loop.idle(timeout)
        return events
