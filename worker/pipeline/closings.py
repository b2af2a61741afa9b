"""What the vendor's replies close and open: the whole entry, its limit, one key."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta

from worker.model.breaker import Breaker
from worker.model.events import GateClosed, GateOpened, VendorBlocked, VendorThrottled
from worker.model.outcome import Ambiguous, Blocked, Outcome, RetryAfter, Scope, Throttled
from worker.pipeline.door import Door, State
from worker.pipeline.doors import Doors
from worker.pipeline.limiter import Limiters, Sharer
from worker.pipeline.passage import Passage
from worker.pipeline.way import ANY, Way
from worker.ports import Clock, Telemetry


class Closings:
    """One entry's doors, and what opens and closes them; `moved` is set when one opens that all requests pass."""

    def __init__(
        self, vendor: str, limiters: Limiters, moved: asyncio.Event, *, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._vendor = vendor
        self._limiters = limiters
        self._moved = moved
        self._clock = clock
        self._telemetry = telemetry
        self._door = Door()  # of the entry: blocks, and the breaker
        self._doors = Doors()
        self._breaker = Breaker()
        if limiters.only:
            limiters.only.sharers.append(self)

    @property
    def whole(self) -> Sequence[Door]:
        """The doors that all requests pass."""
        only = self._limiters.only
        return (self._door, only.door) if only else (self._door,)

    def own(self, way: Way) -> Iterator[Door]:
        """The further doors that a request passes."""
        if not self._limiters.only:
            yield self._limiters.of(way.limit).door
        yield from self._doors.known(way.keys)

    def keys_shut_for(self, keys: Collection[str]) -> float:
        """Seconds for which one of these keys is closed."""
        now = self._clock.monotonic()
        return max((door.shut_for(now) for door in self._doors.known(keys)), default=0.0)

    def shut_for(self, way: Way = ANY) -> float:
        """Seconds for which nothing can be sent this way; of any way: nothing for this vendor at all."""
        now = self._clock.monotonic()
        own: Iterable[Door] = () if way == ANY else self.own(way)
        return max(door.shut_for(now) for door in (*self.whole, *own))

    def shut_door(self, now: float) -> Door | None:
        """Of those that all requests pass, the one that stays shut the longest; None: all are open."""
        shut = [door for door in self.whole if door.state is not State.OPEN]
        return max(shut, key=lambda door: door.shut_for(now), default=None)

    @property
    def ajar(self) -> bool:
        """Whether only a probe may pass."""
        return any(door.state is not State.OPEN for door in self.whole)

    def seconds(self) -> float:
        """Seconds that the whole vendor was closed, in all."""
        now = self._clock.monotonic()
        return sum(door.closed_seconds(now) for door in self.whole)

    def observe(self, outcomes: Sequence[Outcome], passage: Passage) -> None:
        """Learn from what the vendor said: throttles and blocks close their scope, failures count for the breaker."""
        now = self._clock.monotonic()
        for outcome in outcomes:
            self._learn(outcome, passage, now)
        for door in passage.probed:  # a probe came back well if nothing in its whole reply closes the door again
            if door.state is State.PROBING:
                self._open(door, now)
                if passage.limiter.fleet and door is passage.limiter.door:
                    passage.limiter.fleet.reopened()

    def _learn(self, outcome: Outcome, passage: Passage, now: float) -> None:
        match outcome:
            case Throttled(after, scope):
                self._telemetry.emit(VendorThrottled(self._vendor, "vendor" if scope.key is None else "key"))
                self._throttle(after, scope, passage, now)
            case Blocked(_, scope):
                self._close(self._door if scope.key is None else self._doors.of(scope.key), "blocked", passage, now)
            case RetryAfter() | Ambiguous():
                self._judge(now, passage)
                self._doubt(now, passage)
            case _:
                self._breaker.trips(now, failed=False)

    def _throttle(self, after: timedelta | None, scope: Scope, passage: Passage, now: float) -> None:
        seconds = after.total_seconds() if after else None  # 0 says nothing
        if scope.key is not None:
            self._close(self._doors.of(scope.key), "throttled", passage, now, after=seconds)
            return
        self._close(passage.limiter.door, "throttled", passage, now, after=seconds)
        shut_for = passage.limiter.door.shut_for(now)
        if passage.limiter.fleet and shut_for:  # while a probe is in the air its reply decides
            passage.limiter.fleet.closed(shut_for)
        if passage.limiter.pacer:
            passage.limiter.pacer.throttled(passage.sent_at, shut_for)

    def _judge(self, now: float, passage: Passage) -> None:
        broken = any(door is self._door and door.reason == "breaker" for door in passage.probed)
        if self._breaker.trips(now, failed=True) or broken:
            self._breaker.reset()
            self._close(self._door, "breaker", passage, now)

    def _doubt(self, now: float, passage: Passage) -> None:
        """A failure does not prove that what had blocked us is mended: those doors stay closed."""
        for door in passage.probed:
            if door.reason == "blocked" and door.state is State.PROBING:
                door.close(now, reason="blocked", after=None)

    def _close(self, door: Door, reason: str, passage: Passage, now: float, *, after: float | None = None) -> None:
        if door.state is State.PROBING and door not in passage.probed:
            return  # a late reply to what left before it closed: the probe's own reply decides
        was_open = door.state is not State.CLOSED
        seconds = door.close(now, reason=reason, after=after)
        if was_open:
            for each in self._sharers(door):
                each.door_closed(door, reason, seconds)

    def _open(self, door: Door, now: float) -> None:
        closed = door.open(now)
        if door is self._door:
            self._breaker.reset()  # late failures of before it closed are counted by now
        for each in self._sharers(door):
            each.door_opened(door, closed)
        self._doors.forget(door)

    def _sharers(self, door: Door) -> Sequence[Sharer]:
        only = self._limiters.only
        return only.sharers if only and door is only.door else (self,)

    def door_closed(self, door: Door, reason: str, seconds: float) -> None:
        """Tell it, whoever's reply it was."""
        self._telemetry.emit(GateClosed(self._vendor, self._scope_of(door), reason, seconds))
        if reason == "blocked":
            self._telemetry.emit(VendorBlocked(self._vendor, self._scope_of(door), seconds))

    def door_opened(self, door: Door, seconds: float) -> None:
        """Tell it, whoever's probe it was."""
        self._telemetry.emit(GateOpened(self._vendor, self._scope_of(door), seconds))
        self._moved.set()

    def _scope_of(self, door: Door) -> str:
        return "vendor" if any(door is whole for whole in self.whole) else "key"
