"""How long the state table is waited for, and how long it is left alone once it has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from worker.model.errors import AwsError
from worker.model.events import TableCallFailed
from worker.ports import Clock, Telemetry

_PATIENCE = 3.0  # seconds, with the wait for a connection: a lease runs meanwhile
_REST = 5.0  # seconds from a failed call until the table is asked again

T = TypeVar("T")


class Patience:
    """Asks the table for one vendor's `feature`: nothing waits for longer than three seconds, nothing is raised.

    Once a call has failed the table rests for five seconds: whoever asks meanwhile does without, at once. Each rest is
    told once, by `table.call_failed`.
    """

    def __init__(self, vendor: str, feature: str, *, clock: Clock, telemetry: Telemetry) -> None:
        self._vendor = vendor
        self._feature = feature
        self._clock = clock
        self._telemetry = telemetry
        self._rests_until = clock.monotonic()

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """What the call returns; None: the table is away, or rests."""
        return None if self._clock.monotonic() < self._rests_until else await self.insist(call)

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """The same, and the table is asked though it rests."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await call()
        except AwsError as error:
            self._rest(error.code)
        except TimeoutError as error:
            self._rest(type(error).__name__)
        return None

    def _rest(self, code: str) -> None:
        now = self._clock.monotonic()
        if now >= self._rests_until:  # of many that ask at once the first says it
            self._telemetry.emit(TableCallFailed(self._vendor, self._feature, code))
        self._rests_until = now + _REST
