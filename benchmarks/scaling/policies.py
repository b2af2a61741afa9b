"""The ways to set the number of tasks: Sluice's, and what people use."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from benchmarks.scaling.tasks import START
from benchmarks.scaling.vendor import CONCURRENCY, LIMIT, MAX_TASKS, SECONDS, TIMEOUT
from worker.model.ladder import ladder
from worker.model.scaling import Memory, Terms, Told, decide

DELAY = 60  # seconds from a datapoint to the alarm that acts on it
_MINUTE = 60


class Required:
    """Sluice's: the very functions that the scaler and the template are made of."""

    least = 0

    def __init__(self, goal: float) -> None:
        self._terms = Terms(CONCURRENCY, goal, TIMEOUT, per_second=LIMIT)
        self._ladder = ladder(MAX_TASKS)
        self._memory = Memory()
        self._published: deque[tuple[int, int]] = deque()

    def wanted(self, now: int, visible: int, told: Sequence[Told], running: int) -> int | None:  # noqa: ARG002
        """Publish each minute; what was published a minute ago is followed."""
        if now % _MINUTE == 0:
            decision = decide(self._terms, visible, told, self._memory, now=float(now), max_tasks=MAX_TASKS)
            self._memory = decision.memory
            self._published.append((now + DELAY, decision.tasks))
        if self._published and self._published[0][0] <= now:
            return self._ladder.capacity(self._published.popleft()[1])
        return None


class DepthSteps:
    """CDK's QueueProcessingFargateService as it comes.

    Steps on ApproximateNumberOfMessagesVisible: at 0 one fewer, from 100 one more, from 500 five more; the metric's
    maximum over five minutes, looked at each minute; at least one task; no cooldown is given, so Application Auto
    Scaling's 300 s, from when the tasks work: within it only what a step is above the last one is added, and none is
    taken away. Its default cap of two tasks is raised to everybody's.
    """

    least = 1
    _COOLDOWN = 300

    def __init__(self) -> None:
        self._depths: deque[int] = deque(maxlen=5 + DELAY // _MINUTE)
        self._cooled_at = 0
        self._added = 0  # within the cooldown

    def wanted(self, now: int, visible: int, told: Sequence[Told], running: int) -> int | None:  # noqa: ARG002
        """Look at the depth each minute."""
        if now % _MINUTE:
            return None
        self._depths.append(visible)
        known = list(self._depths)[: -DELAY // _MINUTE]
        if now >= self._cooled_at:
            self._added = 0
        step = self._step(max(known)) if known else 0
        if step > self._added:
            more, self._added, self._cooled_at = step - self._added, step, now + START + self._COOLDOWN
            return running + more
        if step < 0 and now >= self._cooled_at and running > self.least:
            self._cooled_at = now + self._COOLDOWN
            return running - 1
        return None

    def _step(self, depth: int) -> int:
        if depth >= 500:
            return 5
        if depth >= 100:
            return 1
        return -1 if depth <= 0 else 0


class BacklogPerTask:
    """AWS Copilot's `queue_delay`: target tracking on messages per task.

    The target is the acceptable latency over the time of a message, here that of one of the places of a task. Above it
    for three minutes: in proportion more; a tenth below for fifteen: fewer; Copilot's cooldowns of 60 s, from when the
    tasks work, and 120 s.
    """

    least = 1

    def __init__(self, goal: float) -> None:
        self._target = goal / (SECONDS / CONCURRENCY)
        self._known: deque[float] = deque(maxlen=15 + DELAY // _MINUTE)
        self._more_from, self._fewer_from = 0, 0

    def wanted(self, now: int, visible: int, told: Sequence[Told], running: int) -> int | None:
        """Look at the backlog per task each minute."""
        if now % _MINUTE:
            return None
        self._known.append(visible / max(1, len(told)))
        known = list(self._known)[: -DELAY // _MINUTE]
        wanted = math.ceil(running * known[-1] / self._target) if known else running
        if now >= self._more_from and len(known) >= 3 and min(known[-3:]) > self._target:
            self._more_from = now + START + 60
            return wanted
        if now >= self._fewer_from and len(known) == 15 and max(known) < 0.9 * self._target and wanted < running:
            self._fewer_from = now + 120
            return wanted
        return None
