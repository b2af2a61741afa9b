"""Keeps pipelines running: restarts one that crashed, stops all in time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from signal import SIGINT, SIGTERM

from worker.model.errors import OverdueError
from worker.model.events import PipelineCrashed, WorkerStopped, WorkerStopping
from worker.pipeline.guarded import place_of
from worker.pipeline.pipeline import Pipeline
from worker.pipeline.polls import Polls
from worker.pipeline.stop import Stop
from worker.ports import Clock, Telemetry

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a crashed pipeline starts again
_LASTING = 60.0  # seconds; a run that lasted so long ends a row of crashes


@dataclass(frozen=True, slots=True)
class Times:
    """How long a stop may take, in seconds."""

    grace: float  # for deliveries; receives in the air may take their poll time
    poll: float
    flush: float  # for the last settles, once both are over

    @property
    def most(self) -> float:
        """Seconds from the stop being asked for to its end."""
        return max(self.poll, self.grace) + self.flush


@dataclass(frozen=True, slots=True)
class Lane:
    """A pipeline and its queue's polls, which outlive its crashes."""

    pipeline: Pipeline
    polls: Polls


class Supervisor:
    """One task for each pipeline; none of them can end another."""

    def __init__(self, stop: Stop, times: Times, *, clock: Clock, telemetry: Telemetry) -> None:
        self._stop = stop
        self._times = times
        self._clock = clock
        self._telemetry = telemetry
        self._asked_at = clock.monotonic()

    async def run(self, lanes: Sequence[Lane]) -> None:
        """Run until the stop is asked for and all has ended; raises OverdueError where that takes too long."""
        async with asyncio.TaskGroup() as group:
            clockwork = group.create_task(self._stop_in_time())
            async with asyncio.TaskGroup() as keepers:
                for lane in lanes:
                    keepers.create_task(self._keep(lane))
            clockwork.cancel()
        if self._stop.overdue.is_set():
            raise OverdueError(f"the stop took longer than {self._times.most:g} s: SQS did not confirm all settles")
        self._telemetry.emit(WorkerStopped(self._clock.monotonic() - self._asked_at))

    async def _keep(self, lane: Lane) -> None:
        """Run a pipeline, again and again, until it ends by itself."""
        crashes = 0
        while not self._stop.stopping.is_set():
            began = self._clock.monotonic()
            try:
                await lane.pipeline.run(lane.polls, self._stop)
            except Exception as error:  # noqa: BLE001 - one vendor never hurts another
                if self._stop.overdue.is_set():
                    return
                crashes = 1 if self._clock.monotonic() - began > _LASTING else crashes + 1
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (crashes - 1)) * random.uniform(0.5, 1)  # noqa: S311 - jitter
                self._telemetry.emit(PipelineCrashed(lane.pipeline.name, place_of(_first(error)), crashes, pause))
                await _either(self._stop.stopping, pause)

    async def _stop_in_time(self) -> None:
        times = self._times
        await self._stop.stopping.wait()
        self._asked_at = self._clock.monotonic()
        self._telemetry.emit(WorkerStopping(self._stop.reason, times.grace))
        await _either(self._stop.grace_over, times.grace)
        self._stop.grace_over.set()
        await asyncio.sleep(self._asked_at + times.most - self._clock.monotonic())
        self._stop.overdue.set()


@contextmanager
def signals(stop: Stop) -> Iterator[None]:
    """SIGTERM and SIGINT ask for a stop; a second one ends the grace."""
    loop = asyncio.get_running_loop()
    for number in (SIGTERM, SIGINT):
        loop.add_signal_handler(number, stop.ask, number.name)
    try:
        yield
    finally:
        for number in (SIGTERM, SIGINT):
            loop.remove_signal_handler(number)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, or after so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _first(error: BaseException) -> BaseException:
    """The first error that is not a group: what really happened."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
