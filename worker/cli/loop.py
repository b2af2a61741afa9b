"""The one place that starts an event loop."""

from __future__ import annotations

import asyncio
import gc
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
    _spare_the_collector()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)


def _spare_the_collector() -> None:
    """Leave what is loaded by now, and will stay, out of garbage collection, and look at the rest less often.

    A message leaves few cycles, and each full collection would look at a hundred thousand objects of the libraries:
    a quarter of all CPU in `python -m benchmarks.drain`.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
