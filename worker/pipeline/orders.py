"""How many send times a task asks the state table for, and when."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from worker.model.pacing import LEAD, Pacing
from worker.model.reservation import Ask, Granted
from worker.pipeline.fellows import Fellows
from worker.pipeline.slots import Slots
from worker.ports import Clock

_MOST = 250  # in one batch
_EARLY = 0.05  # seconds before the last one in hand, beyond a round trip, that more are asked for
_LINGER = 0.005  # seconds for which demand is gathered where none is in hand
_FULL = LEAD / 2  # seconds that the schedule reaches ahead; then others fill the gap that asking late makes
_CROWD = 0.8 * LEAD  # seconds over which those whom the schedule has no room for ask again: before it runs dry
_FEW = 3.0  # tasks that wait for room, or fewer, all ask when there is some
_GAIN = 0.2  # of a round trip in the moving mean


@dataclass(slots=True)
class Demand:
    """What the gate wants; it writes, the keeper reads."""

    wanted: int = 0  # tokens that requests wait for
    cost: int = 1  # of the one whose turn it is
    room: int = _MOST  # requests that may leave at once


class Orders:
    """Asks in time, but no sooner than it must: the fuller a batch, the fewer calls.

    A batch is a task's part of what the lead holds, so that all tasks' batches fit into it one behind the other.
    """

    def __init__(
        self,
        pacing: Pacing,
        demand: Demand,
        slots: Slots,
        fellows: Fellows,
        *,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.spacing = pacing.spacing  # as it was granted last
        self._pacing = pacing
        self._demand = demand
        self._slots = slots
        self._fellows = fellows
        self._clock = clock
        self._chance = chance
        self._round_trip = 0.02  # seconds, a moving mean
        self._is_full = False  # the schedule, when it was seen last
        self._end = -math.inf  # seconds since 1970: of the last batch
        self._length = pacing.spacing  # seconds: of the last batch
        self._others = max(0.0, fellows.count - 1.0)  # whose batches came between our last two
        self._misses = 0  # in a row
        self._hungry_at: float | None = None  # since when something is wanted and nothing in hand
        self.later_at = -math.inf  # monotonic: not before

    def due_in(self) -> float:
        """Seconds until more are asked for; infinity: none is wanted."""
        now = self._clock.monotonic()
        if self._demand.wanted <= len(self._slots):
            return math.inf
        if self._demand.cost <= len(self._slots):
            self._hungry_at = None
            early = 0.0 if self._is_full else self._round_trip + _EARLY
            return max(self._slots.last_in() - early, self.later_at - now)
        if self._hungry_at is None:
            self._hungry_at = now
        return max(self._hungry_at + _LINGER, self.later_at) - now

    def make(self) -> Ask:
        """What is asked for now."""
        instant = self._clock.now().timestamp()
        earliest = instant + self._round_trip
        reach = max(LEAD, self._demand.cost * self.spacing) if self._demand.cost > 1 else LEAD
        return Ask(
            count=self._count(),
            spacing=self._pacing.spacing,
            earliest=earliest,
            latest=max(earliest, instant + reach),
            quotas=self._pacing.quotas,
            guard=self._pacing.stretch,
        )

    def _count(self) -> int:
        demand = self._demand
        missing = demand.wanted - len(self._slots)
        least = demand.cost if demand.cost > len(self._slots) else 1
        part = math.ceil(LEAD / (self._fellows.count * self.spacing))
        return max(least, min(missing, part, demand.room, _MOST))

    def granted(self, granted: Granted, seconds: float) -> None:
        """The answer took so long."""
        self._round_trip += _GAIN * (seconds - self._round_trip)
        self.spacing = granted.spacing
        self._hungry_at = None
        self._length = granted.count * granted.spacing
        ahead = granted.first - self._clock.now().timestamp()
        self._is_full = ahead > _FULL
        others = (granted.first - self._end) / self._length if self._is_full else 0.0
        self._others = min(others, self._fellows.count - 1.0)
        self._end = granted.first + self._length
        self._misses = 0
        self._wait(self._room_in(ahead))

    def _room_in(self, ahead: float) -> float:
        """Seconds until asking again is worth it; the last batch begins `ahead` from now. Who has waited goes first."""
        after = (1 + self._chance()) / 2
        room = ahead + self._length - LEAD
        if self._others >= 1:  # they fill the time between our batches
            used_up = ahead + self._length - self.spacing
            return max(room, used_up) + min(self._crowd, self._others * self._length / 2) * after
        return room + self._crowd * after if room > 0 else 0.0

    def later(self, seconds: float) -> None:
        """There will be room in so many seconds; not all who wait for it ask at the same time."""
        self._is_full = True
        self._misses += 1
        passes = self._misses < self._others and self._chance() * self._others > _FEW
        self._wait(max(0.0, seconds) + self._crowd * self._chance() / self._misses + self._length * passes)

    @property
    def _crowd(self) -> float:
        """Seconds; whoever asks last still asks before the schedule runs dry."""
        return max(0.0, min(_CROWD - 2 * self._round_trip, self._fellows.count * self._length))

    def _wait(self, seconds: float) -> None:
        self.later_at = self._clock.monotonic() + seconds
