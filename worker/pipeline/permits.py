"""How many messages may be received now: a forecast that they can be sent soon, which reserves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from dataclasses import dataclass

from worker.pipeline.gate import Gate
from worker.pipeline.places import Places

_TEN = 10  # SQS hands out at most ten
_MOST_POSTPONED = 50_000  # messages that were made invisible here; SQS has room for 120,000 in flight, of all tasks
_TURN = 1.0  # seconds between two looks when nothing moves


@dataclass(frozen=True, slots=True)
class Look:
    """How far permits look."""

    ahead: float  # seconds
    concurrency: int
    receivers: int
    batch: int = 1  # jobs that one request carries at most


class Permits:
    """Permits for receives.

    As many as find a place and can be sent within the look-ahead: by what the throttle lets through, and by what the
    requests at once finish at the latency seen (Little's law), at most two receives beyond `concurrency`. So a vendor
    with few requests at once is still fetched for in tens, and one whose jobs take hours holds none that it cannot
    start. Fewer than half of what a look-ahead holds is not worth a call: then it waits, unless nothing is in work. A
    vendor whose window is used up is received for when its next request comes within the look-ahead.
    """

    def __init__(self, gate: Gate, places: Places, look: Look, beat: Callable[[], None], postponed: Sized = ()) -> None:
        self._gate = gate
        self._throttle = gate.throttle
        self._places = places
        self._look = look
        self._beat = beat
        self._postponed = postponed
        self._moved = gate.moved

    async def take(self, stopping: asyncio.Event) -> int:
        """Wait until a receive makes sense and reserve its places; 0 once `stopping` is set."""
        while not stopping.is_set():
            self._beat()
            count, least = self._worth()
            if count >= least:
                self._places.reserve(count)
                return count
            self._places.tell_after(least - count)
            await self._move()
        return 0

    def _worth(self) -> tuple[int, int]:
        """How many could be received now, and how many must be for it to be worth a call."""
        if self._places.is_kept or self._gate.shut_for() > 0 or len(self._postponed) >= _MOST_POSTPONED:
            return 0, 1
        if self._gate.ajar:  # one probe at a time
            return (1 if self._places.taken == 0 else 0), 1
        capacity = self._capacity()
        count = min(_TEN, self._room(capacity))
        return count, self._least(capacity) if self._places.taken else 1

    def _capacity(self) -> int:
        """How many may be in work: requests at once, and what they finish within the look-ahead."""
        look = self._look
        at_once = look.concurrency * look.batch
        soon = int(at_once * look.ahead / self._gate.latency) if self._gate.latency else 0
        return at_once + min(soon, _TEN * (look.receivers + 1))

    def _room(self, capacity: int) -> int:
        room = capacity - self._places.taken
        if self._throttle:
            requests = self._throttle.forecast(self._look.ahead) + self._gate.sending
            room = min(room, requests * self._look.batch - self._places.taken)
        return room

    def _least(self, capacity: int) -> int:
        steady: float = capacity
        if self._throttle:
            steady = min(steady, self._throttle.steady(self._look.ahead) * self._look.batch)
        return max(1, min(_TEN, int(steady / 2)))

    async def _move(self) -> None:
        self._moved.clear()
        turn = asyncio.get_running_loop().call_later(min(_TURN, self._gate.shut_for() or _TURN), self._moved.set)
        try:
            await self._moved.wait()
        finally:
            turn.cancel()
