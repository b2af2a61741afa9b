"""Being the only task that sends under a limit: asked for again and again, and not taken for granted."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from types import TracebackType
from typing import Self

from worker.model.errors import AwsError
from worker.ports import Clock, Sole, Tenure

_LASTING = timedelta(seconds=20)
_EACH = 5.0  # seconds between two claims: three may fail
_PATIENCE = 2.0  # seconds that a claim may take
_EARLY = 1.0  # seconds before its end at which a right is given up: tasks' clocks differ
_FAREWELL = 1.0  # seconds that a release may take: the stop waits for it


class Tenancy:
    """Whether and from when this task may send; entered for as long as it wants to. Only its own task writes it.

    Where the table is away for longer than a right lasts nobody can have it anew: the last holder, and a task that has
    just started, is `adrift` from then on, and keeps to a share that is safe for all of them.
    """

    def __init__(self, tenure: Tenure, *, window: timedelta, clock: Clock) -> None:
        self._tenure = tenure
        self._window = window  # for how long a request counts
        self._clock = clock
        self._from = math.inf  # monotonic: when this task may send
        self._until = 0.0  # and when no more
        self._adrift_from = clock.monotonic() + (_LASTING + window).total_seconds()  # if nothing is heard until then
        self.reason = ""  # why the last claim was not answered; "": it was
        self.moved = asyncio.Event()  # set and made anew with each answer

    async def __aenter__(self) -> Self:
        self._claiming = asyncio.create_task(self._keep(), name="tenancy")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._claiming.cancel()
        await asyncio.wait((self._claiming,))
        if error is None:
            await self._release()

    def opens_in(self) -> float:
        """Seconds until this task may send: 0 now; infinite while nobody knows."""
        now = self._clock.monotonic()
        if self.is_adrift or self._from <= now < self._until:
            return 0.0
        return self._from - now if now < self._until else math.inf

    @property
    def is_adrift(self) -> bool:
        """Whether the table is away for so long that nobody can have the right anew."""
        return bool(self.reason) and self._clock.monotonic() >= self._adrift_from

    async def opened(self, patience: float = math.inf) -> None:
        """Wait until this task may send; for so many seconds at most where another may, and nobody knows how long."""
        ends = self._clock.monotonic() + patience
        while (wait := self.opens_in()) > 0:
            if wait == math.inf and self._clock.monotonic() >= ends:
                return
            moved = self.moved
            try:
                async with asyncio.timeout(min(wait, _EACH)):
                    await moved.wait()
            except TimeoutError:
                continue

    async def _keep(self) -> None:
        while True:
            await self._ask()
            self.moved.set()
            self.moved = asyncio.Event()
            await asyncio.sleep(_EACH)

    async def _ask(self) -> None:
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._tenure.claim(_LASTING, self._window)
        except AwsError as error:
            self.reason = error.code
            return
        except TimeoutError as error:
            self.reason = type(error).__name__
            return
        self.reason = ""
        if isinstance(answer, Sole):
            self._have(began, answer)
        else:
            self._from, self._until, self._adrift_from = math.inf, 0.0, math.inf

    def _have(self, began: float, sole: Sole) -> None:
        if began >= self._until:  # it is new, or anew
            self._from = self._clock.monotonic() + sole.wait.total_seconds()
        self._until = began + _LASTING.total_seconds() - _EARLY
        self._adrift_from = self._until

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._tenure.release(self._window)
        except (AwsError, TimeoutError):
            return  # it ends by itself
