"""A vendor that answers as it is told, and notes what was sent to it and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from worker.model.message import Job
from worker.model.outcome import Delivered, Outcome
from worker.ports import Traits

Script = Callable[[Sequence[Job[Any]]], Sequence[Outcome]]


class ScriptedVendor:
    """`script` gives the outcomes of a request; it may raise. A request takes `latency` seconds."""

    def __init__(self, script: Script | None = None, *, latency: float = 0.0, traits: Traits | None = None) -> None:
        self.traits = traits or Traits()
        self.sent: list[tuple[float, list[Job[Any]]]] = []  # when, what
        self.sending = 0
        self.most_at_once = 0
        self.latency = latency
        self.arrived = asyncio.Event()
        self._script = script or (lambda jobs: [Delivered()] * len(jobs))

    @property
    def keys(self) -> list[str]:
        """The keys of all jobs sent, in order."""
        return [job.key for _, jobs in self.sent for job in jobs]

    @property
    def times(self) -> list[float]:
        """When each request was sent."""
        return [at for at, _ in self.sent]

    def prepare(self, jobs: Sequence[Job[Any]]) -> list[Job[Any]]:
        """The request is the jobs."""
        return list(jobs)

    async def send(self, request: list[Job[Any]]) -> Sequence[Outcome]:
        """Note it, take the latency, answer."""
        self.sent.append((asyncio.get_running_loop().time(), request))
        self.sending += 1
        self.most_at_once = max(self.most_at_once, self.sending)
        self.arrived.set()
        try:
            await asyncio.sleep(self.latency)
            return self._script(request)
        finally:
            self.sending -= 1

    def classify(self, reply: Sequence[Outcome], jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        """The reply is the outcomes."""
        return reply
