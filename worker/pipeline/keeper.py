"""Who reserves a task's send times, and knows whether they may be used."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from worker.model.events import LimiterDegraded, LimiterRestored
from worker.model.pacing import Pacing
from worker.model.reservation import Granted, Later
from worker.pipeline.contact import Touch
from worker.pipeline.limitcalls import LimitCalls
from worker.pipeline.orders import Orders
from worker.pipeline.safeshare import SafeShare
from worker.pipeline.slots import Slots
from worker.pipeline.tally import AwayTally
from worker.ports import Clock, Telemetry

_LOOK = 0.5  # seconds between two looks of who rests, or is lost in time
_FAR = 5.0  # seconds that no schedule reaches ahead unless a clock is wrong
_JUMP = 0.05  # seconds by which the wall may move against the monotonic clock from one turn to the next
_LONGEST = 30.0  # seconds between two asks where none was granted


@dataclass(frozen=True, slots=True)
class Hand:
    """What the keeper works with; the gate's turn empties it."""

    slots: Slots
    safe: SafeShare
    touch: Touch
    orders: Orders
    calls: LimitCalls
    tally: AwayTally


class Keeper:
    """Its task `keep` makes all calls. `changed` is set when what may be sent may have changed."""

    def __init__(
        self,
        name: str,
        pacing: Pacing,
        hand: Hand,
        *,
        clock: Clock,
        telemetry: Telemetry,
        closed: Callable[[float], None],
    ) -> None:
        self._name = name
        self._pacing = pacing
        self._hand = hand
        self._clock = clock
        self._telemetry = telemetry
        self._tell_closed = closed
        self.changed = asyncio.Event()
        self._called = asyncio.Event()
        self._is_idle = False  # nothing is wanted: who wants something calls
        self._closed_until = -math.inf  # monotonic: the vendor has said so, here or to another task
        self._degraded_since: float | None = None
        self._ahead: float | None = None  # of the wall clock before the monotonic one
        self._has_jumped = False  # and the others do not know yet
        self._seen: float | None = None  # the schedule's end at the last look, if nothing has happened since
        self._far: float | None = None  # the same, where it was too far ahead to be true

    @property
    def is_degraded(self) -> bool:
        """Whether the safe share is sent."""
        return self._degraded_since is not None

    def closed_for(self) -> float:
        """Seconds for which the vendor wants nothing."""
        return self._closed_until - self._clock.monotonic()

    def close(self, seconds: float) -> None:
        """The vendor wants nothing for so long; 0: it does again."""
        self._closed_until = self._clock.monotonic() + seconds if seconds > 0 else -math.inf
        if seconds > 0:
            self._hand.slots.drop()
        self._called.set()
        self.changed.set()

    def call(self) -> None:
        """Something is wanted, and nothing is in hand."""
        self._called.set()

    def want(self) -> None:
        """More is wanted."""
        if self._is_idle:
            self._called.set()

    async def keep(self) -> None:
        """Reserve what is wanted and stay in touch with the table, until cancelled."""
        while True:
            self._called.clear()
            self._watch_clocks()
            if await self._turn():
                self._weigh()
                self.changed.set()
            if (pause := self._due_in()) > 0:
                await until(self._called, pause)

    async def _turn(self) -> bool:
        """One call, if one is due; whether there was one."""
        if self._hand.calls.rests_for() > 0:
            return False
        if self._look_in() <= 0:
            await self._look()
        elif self._reserve_in() <= 0:
            await self._reserve()
        else:
            return False
        return True

    def _due_in(self) -> float:
        """Seconds until the next call."""
        reserve = self._reserve_in()
        self._is_idle = reserve == math.inf
        return max(self._hand.calls.rests_for(), min(reserve, self._look_in()))

    def _reserve_in(self) -> float:
        if not self._hand.touch.may_reserve(self._clock.monotonic()):
            return math.inf
        return max(self._hand.orders.due_in(), self.closed_for())

    def _look_in(self) -> float:
        """To stay in touch, or to come in touch again."""
        touch, now = self._hand.touch, self._clock.monotonic()
        return min(touch.call_in(now), self._hand.tally.look_in()) if touch.may_reserve(now) else 0.0

    async def _reserve(self) -> None:
        began = self._clock.monotonic()
        self._seen = None  # what moves the schedule now may be ours
        answer = await self._hand.calls.reserve(self._hand.orders.make())
        if isinstance(answer, Granted):
            self._hand.calls.heard(reserving=True)
            self._granted(answer, self._clock.monotonic() - began)
        elif answer is not None:
            await self._put_off(answer)

    def _granted(self, granted: Granted, seconds: float) -> None:
        self._far = None
        self._hand.orders.granted(granted, seconds)
        now = self._clock.monotonic()
        if self._has_jumped:  # our place in the schedule tells the others; what they had before is still ahead
            self._has_jumped = False
            self._hand.touch.broken(now)
        if not self._hand.touch.may_reserve(now):
            return  # it was out of touch when the answer came: these send times are nobody's
        if granted.probe:
            self._tell_closed(0.0)
        self._hand.safe.granted(granted)
        self._hand.slots.add(granted, self._pacing.tolerance + (self._pacing.largest - 1) * granted.spacing)

    async def _put_off(self, later: Later) -> None:
        wait = later.at - self._clock.now().timestamp()
        if later.closed_until is None and wait > _FAR and await self._is_lost_in_time():
            return
        self._hand.calls.heard(reserving=True)
        self._hand.orders.later(min(wait, _LONGEST))
        if later.closed_until is not None:
            self.close(max(0.0, wait))
            self._tell_closed(max(0.0, wait))

    async def _is_lost_in_time(self) -> bool:
        """Whether the schedule is too far ahead to be true, so that a clock is wrong: ours, or another task's.

        As long as it moves others go by it, and nothing is sent here. One that stands still is as good as none.
        """
        state = await self._hand.calls.state()
        if state is None or state.next - self._clock.now().timestamp() <= _FAR:
            return False
        moves, self._far = self._far != state.next, state.next
        self._hand.calls.heard(reserving=moves)
        if not moves:
            self._hand.calls.failed("clock", reserving=True)
        self._hand.orders.later(_LOOK)
        return True

    async def _look(self) -> None:
        """See how the limit stands, and whether others reserve."""
        if not self._hand.touch.is_live(self._clock.monotonic()):
            self._seen = None
        state = await self._hand.calls.state()
        if state is None:
            self._seen = None
            return
        self._hand.calls.heard(reserving=False)
        if self._seen is not None and state.next > max(self._seen, self._clock.now().timestamp()):
            self._hand.touch.excuse()
        self._seen = state.next
        if self._hand.tally.owed:
            await self._make_good()
        now = self._clock.monotonic()
        if self._hand.touch.may_reserve(now):  # by now all tasks have counted what they sent while the table was away
            self._hand.tally.see(state)
        else:
            self._hand.calls.rest(min(_LOOK, max(0.0, self._hand.touch.rests_for(now))))

    async def _make_good(self) -> None:
        """Have counted what was sent while the table was away."""
        match await self._hand.calls.reserve(self._hand.tally.ask()):
            case Granted(_, count):
                self._hand.tally.owed -= count
            case Later(closed_until=None):
                self._hand.tally.owed = 0  # the windows are full without it
            case _:
                pass  # away again, or closed: later

    def _weigh(self) -> None:
        """Begin with the safe share once it is proved that it may be sent; the first good call ends it."""
        now, touch = self._clock.monotonic(), self._hand.touch
        if self._degraded_since is None and touch.failing_since is not None and touch.proves_away(now):
            self._degraded_since = now
            self._hand.slots.drop()
            self._hand.safe.begin(touch.failing_since, self._hand.tally.left(touch.failing_since))
            self._telemetry.emit(LimiterDegraded(self._name, self._hand.calls.reason))
        elif self._degraded_since is not None and touch.failing_since is None:
            self._telemetry.emit(LimiterRestored(self._name, now - self._degraded_since))
            self._degraded_since = None

    def _watch_clocks(self) -> None:
        """A wall clock that jumps makes all worthless that was reckoned by it."""
        now = self._clock.monotonic()
        ahead = self._clock.now().timestamp() - now
        if self._ahead is not None and abs(ahead - self._ahead) > _JUMP:
            self._hand.touch.broken(now)
            self._hand.slots.drop()
            self._seen, self._far, self._has_jumped = None, None, True
        self._ahead = ahead


async def until(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, or so many seconds have gone by."""
    timer = asyncio.get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()
