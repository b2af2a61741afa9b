"""The one place that starts an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_new_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    from uvloop import new_event_loop as _new_loop
except ImportError:  # Windows has none
    from asyncio import new_event_loop as _new_loop

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on uvloop where it is installed. Ctrl-C cancels the work and raises KeyboardInterrupt."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)
