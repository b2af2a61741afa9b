"""A fleet of Sluice's workers under the shared limit, by whatever policy its size is set."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from benchmarks.scaling.line import Flight, Line
from benchmarks.scaling.vendor import CONCURRENCY, MAX_TASKS, SECONDS, USED, durations
from worker.model.scaling import Told
from worker.ops.prices import Prices

START = 60  # seconds from the decision until a task works
_REPORTS = 15  # seconds between its reports
_PROBES = 30  # seconds between probes of a vendor that is away
_VCPU, _GIGABYTES = 0.25, 0.5


class Policy(Protocol):
    """Sets the number of tasks."""

    least: int  # tasks that always run

    def wanted(self, now: int, visible: int, told: Sequence[Told], running: int) -> int | None:
        """Asked each second; None: as many as there are."""


class Tasks:
    """Tasks start, work, report, and are taken away; what a task in its end holds it still sends."""

    def __init__(self, policy: Policy, random: Random, prices: Prices) -> None:
        self.above = 0  # never: the limiter holds (`python -m benchmarks.limit`)
        self._policy = policy
        self._random = random
        self._price = prices.fargate.task_hour(_VCPU, _GIGABYTES)
        self._ready = [0] * policy.least  # when each task works, or began to
        self._flight = Flight()
        self._tokens = 0.0
        self._closed = False  # the breaker is open
        self._probe_at = 0
        self._told: list[Told] = []
        self._seconds = 0  # of all tasks

    @property
    def held(self) -> int:
        """Requests under way."""
        return len(self._flight)

    @property
    def running(self) -> int:
        """Those that start too."""
        return len(self._ready)

    @property
    def hours(self) -> float:
        """Of all tasks, from the decision that starts them."""
        return self._seconds / 3600

    @property
    def dollars(self) -> float:
        """On demand, ARM."""
        return self.hours * self._price

    def ended(self, now: int) -> list[int]:
        """Delivered in this second."""
        return self._flight.ended(now)

    def work(self, now: int, line: Line, *, away: bool) -> None:
        """Look, send, and set the number of tasks."""
        working = sum(at <= now for at in self._ready)
        self._tokens = min(USED, self._tokens + USED)
        if working:
            self._look(now, line, away=away)
        if working and not self._closed:
            free = max(0, working * CONCURRENCY - len(self._flight))
            sent = line.take(min(free, int(self._tokens)))
            self._tokens -= len(sent)
            for at, seconds in zip(sent, durations(len(sent), self._random), strict=True):
                self._flight.start(at, now + seconds)
        self._scale(now, len(line), working)

    def _look(self, now: int, line: Line, *, away: bool) -> None:
        """The breaker opens as the vendor goes away, and closes by the first probe after it is back."""
        if away and not self._closed:
            self._closed, self._probe_at = True, now + _PROBES
            line.put_back(self._flight.lost())
        elif self._closed and now >= self._probe_at:
            self._closed, self._probe_at = away, now + _PROBES

    def _scale(self, now: int, visible: int, working: int) -> None:
        self._seconds += len(self._ready)
        if now % _REPORTS == 0:
            self._told = [self._report(now, number, working) for number in range(working)]
        wanted = self._policy.wanted(now, visible, self._told, len(self._ready))
        if wanted is None:
            return
        wanted = max(self._policy.least, min(MAX_TASKS, wanted))
        self._ready = sorted(self._ready)[:wanted] + [now + START] * (wanted - len(self._ready))

    def _report(self, now: int, number: int, working: int) -> Told:
        held = len(self._flight) // working + (number < len(self._flight) % working)
        closed, seconds = ("breaker", float(self._probe_at - now)) if self._closed else ("", 0.0)
        return Told(held=held, sending=held, request_seconds=SECONDS, closed=closed, closed_seconds=seconds)
