"""One process, as the world outside sees it: a name, and whether it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.loop import stall
from tests.model_based.log import Log
from tests.model_based.troubles import Troubles


@dataclass(slots=True)
class Hand:
    """What a killed process does reaches nobody: its doors look here."""

    who: str
    log: Log
    troubles: Troubles
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    asked_at: float | None = None  # loop's seconds, when it was first asked to stop
    _outside: set[asyncio.Task[Any]] = field(default_factory=set)  # requests that are on their way, whoever waits

    @property
    def alive(self) -> bool:
        """Whether what it does has an effect."""
        return not self.dead.is_set()

    def outside(self, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let a request go on though its sender may be cancelled or killed."""
        task = asyncio.get_running_loop().create_task(call)
        self._outside.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._outside.discard(task)
        if not task.cancelled():
            task.exception()  # its sender may be gone: nobody else would ever look

    def stand_still(self, seconds: float) -> None:
        """The adapter computes for so long."""
        began = asyncio.get_running_loop().time()
        stall(seconds)
        self.log.froze(began, began + seconds)
