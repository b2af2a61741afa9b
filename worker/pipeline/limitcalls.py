"""Calls of the state table about one limit: each ends soon, and what comes of it is known to all who must know."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from worker.model.errors import AwsError
from worker.model.events import LimiterAsked, TableCallFailed
from worker.model.pacing import PATIENCE
from worker.model.reservation import Ask, Granted, LimitState, Reservation
from worker.pipeline.contact import Touch
from worker.ports import Clock, Reservations, Telemetry

_AGAIN = 0.2  # seconds between two calls while the table is away, at most: PROOF is two calls and a pause

T = TypeVar("T")


class LimitCalls:
    """One at a time. A call that fails puts the next one off a little, and says no more than its reason."""

    def __init__(
        self,
        name: str,
        reservations: Reservations,
        touch: Touch,
        *,
        clock: Clock,
        telemetry: Telemetry,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._reservations = reservations
        self._touch = touch
        self._clock = clock
        self._telemetry = telemetry
        self._chance = chance
        self._rests_until = -math.inf  # monotonic
        self._began = -math.inf  # the call that was made last
        self.reason = ""  # of the last failure

    def rests_for(self) -> float:
        """Seconds until the next call may be made."""
        return self._rests_until - self._clock.monotonic()

    def rest(self, seconds: float) -> None:
        """Make none for so long."""
        self._rests_until = self._clock.monotonic() + seconds

    async def reserve(self, ask: Ask) -> Reservation | None:
        """The answer; None: there was none. What it proves is to be said by `heard` or `failed`."""
        answer = await self._answer(self._reservations.reserve(ask), reserving=True)
        if answer is not None:
            self._say("granted" if isinstance(answer, Granted) else "later")
        return answer

    async def state(self) -> LimitState | None:
        """The same."""
        answer = await self._answer(self._reservations.state(), reserving=False)
        if answer is not None:
            self._say("state")
        return answer

    def heard(self, *, reserving: bool) -> None:
        """The last call went well."""
        self._touch.heard(self._began, self._clock.monotonic(), reserving=reserving)

    def failed(self, reason: str, *, reserving: bool) -> None:
        """The last call failed, or its answer is of no use."""
        self._say("failed")
        if self._touch.failing_since is None:
            self._telemetry.emit(TableCallFailed(self._name, "limit", reason))
        self.reason = reason
        self._touch.failed(self._began, reserving=reserving)
        self.rest(_AGAIN * (1 + self._chance()) / 2)

    async def _answer(self, call: Awaitable[T], *, reserving: bool) -> T | None:
        self._began = self._clock.monotonic()
        self._touch.asks(self._began)
        try:
            async with asyncio.timeout(PATIENCE):
                return await call
        except AwsError as error:
            self.failed(error.code, reserving=reserving)
        except TimeoutError as error:
            self.failed(type(error).__name__, reserving=reserving)
        return None

    def _say(self, answer: str) -> None:
        self._telemetry.emit(LimiterAsked(self._name, answer))
