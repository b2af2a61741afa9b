"""One of a pipeline's receive loops."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from worker.model.errors import UnavailableError
from worker.model.events import AwsCallFailed, MessagesReceived
from worker.model.message import Message
from worker.pipeline.permits import Permits
from worker.pipeline.places import Places
from worker.pipeline.polls import Polls
from worker.ports import Clock, Telemetry

_LONGEST_PAUSE = 20.0  # seconds between two receives while SQS does not answer


@dataclass(frozen=True, slots=True)
class Receiver:
    """Polls while permits allow, and gives what it receives to `begin`."""

    vendor: str
    polls: Polls
    permits: Permits
    places: Places
    plenty: asyncio.Event  # the last receive was full; every receiver sets and clears it
    waits_for_plenty: bool  # it polls only then: all but the first one do
    begin: Callable[[Sequence[Message]], None]
    clock: Clock
    telemetry: Telemetry

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; what a poll brings by then goes back."""
        failures = 0
        while not stopping.is_set():
            if self.waits_for_plenty:
                await self.plenty.wait()
            idle_since = self.clock.monotonic()
            if not (count := await self.permits.take(stopping)):
                return
            waited = self.clock.monotonic() - idle_since
            try:
                messages = await self.polls.receive(count)
            except UnavailableError as error:
                self.places.fill(count, 0)
                self.telemetry.emit(AwsCallFailed(self.vendor, "ReceiveMessage", error.code, 0))
                failures += 1
                await _pause(stopping, failures)
                continue
            failures = 0
            self.telemetry.emit(MessagesReceived(self.vendor, len(messages), count, waited))
            self.plenty.set() if len(messages) == count else self.plenty.clear()
            if stopping.is_set():
                self.places.fill(count, 0)
                self.polls.abandon(messages)
                return
            self.places.fill(count, len(messages))
            self.begin(messages)


async def _pause(stopping: asyncio.Event, failures: int) -> None:
    """After receives that failed in a row: the more, the longer."""
    seconds = min(_LONGEST_PAUSE, 2.0**failures) * random.uniform(0.5, 1)  # noqa: S311 - jitter
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
