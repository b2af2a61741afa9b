"""Events as CloudWatch metrics: a line for each vendor and minute on stdout, which CloudWatch Logs reads by itself.

No agent is needed: the `awslogs` driver's log events are searched for such lines.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self, TextIO

from worker.model.events import Event, WorkerStarted
from worker.ports import Clock
from worker.telemetry.emfline import STARTS, Values, line
from worker.telemetry.minute import Minute, Subject

EACH = 60.0  # seconds: CloudWatch keeps a value a minute


class Emf:
    """Listens, and writes while it is entered: each minute, and a last time when it is left.

    A vendor's line has every metric, zeros too, so that an alarm sees 0 and not missing data; only of seconds there are
    none where nothing was measured, and of more than a hundred a sample (see `Sample`). A start has a line of its own,
    for each pool, at once. What nobody reads any more is lost, and so is the last minute of a worker that is killed.
    """

    def __init__(
        self,
        namespace: str,
        pools: Mapping[str, str],
        stream: TextIO,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._namespace = namespace
        self._pools = pools  # by vendor: all that this task runs
        self._stream = stream
        self._clock = clock
        self._minutes = {vendor: Minute(clock, chance) for vendor in pools}

    def show(self, pipeline: Subject) -> None:
        """Ask it for each line of its vendor."""
        self._minutes[pipeline.name].subject = pipeline

    def emit(self, event: Event) -> None:
        """Count an event."""
        if (minute := self._minutes.get(getattr(event, "vendor", ""))) is not None:
            minute.add(event)
        elif isinstance(event, WorkerStarted):
            for pool in sorted(set(self._pools.values())):
                self._write({"pool": pool}, {STARTS: 1})

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep(), name="metrics")
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._keeping.cancel()
        await asyncio.wait((self._keeping,))
        self._tell()

    async def _keep(self) -> None:
        due = self._clock.monotonic()
        while True:
            due += EACH
            await asyncio.sleep(due - self._clock.monotonic())
            self._tell()

    def _tell(self) -> None:
        for vendor, pool in self._pools.items():
            self._write({"vendor": vendor, "pool": pool}, self._minutes[vendor].take())

    def _write(self, dimensions: Mapping[str, str], metrics: Mapping[str, Values]) -> None:
        told = line(self._namespace, self._clock.now(), dimensions, metrics)
        with suppress(OSError, ValueError):  # a broken or closed stream
            self._stream.write(told + "\n")  # in one piece: log lines go there too
            self._stream.flush()
