"""What a request must pass before it is sent: pause, breaker, cooldown, per-key rate, concurrency, throttle."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from worker.model.breaker import Breaker
from worker.model.errors import SluiceError
from worker.model.events import GateClosed, GateOpened, VendorBlocked, VendorThrottled
from worker.model.outcome import WHOLE, Ambiguous, Blocked, Outcome, RetryAfter, Scope, Throttled
from worker.model.rate import Rate
from worker.pipeline.ceiling import Ceiling
from worker.pipeline.door import Door, State
from worker.pipeline.passage import Passage
from worker.pipeline.throttle import Throttle
from worker.ports import Clock, Telemetry

_KEYS = 10_000  # scopes remembered; the longest unused is forgotten first


class ClosedError(SluiceError):
    """The gate stays closed for longer than a message is held for it: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"closed for {seconds:.1f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What an entry of the topology says about its limits."""

    concurrency: int
    throttle: Throttle | None = None
    rate_per_key: Rate | None = None
    guard: float = 0.0  # seconds
    patience: float = 60.0  # seconds that a message is held for a closed gate; beyond, it goes back to the queue
    paused: bool = False  # nothing is received at all


class Gate:
    """Admits requests in the order of their coming; owned by one pipeline, and outlives its crashes."""

    def __init__(self, vendor: str, limits: Limits, *, clock: Clock, telemetry: Telemetry) -> None:
        self._vendor = vendor
        self._limits = limits
        self._clock = clock
        self._telemetry = telemetry
        self._door = Door()
        self._doors: OrderedDict[str, Door] = OrderedDict()
        self._ceilings: OrderedDict[str, Ceiling] = OrderedDict()
        self._breaker = Breaker()
        self._turn = asyncio.Lock()
        self._slots = asyncio.Semaphore(limits.concurrency)
        self.sending = 0  # requests in the air
        self.latency = 0.0  # seconds of a request, a moving mean; 0: none was made yet
        if limits.paused:
            telemetry.emit(GateClosed(vendor, "vendor", "paused", 0.0))
        self.moved = asyncio.Event()  # set when a request is admitted or ends, or the gate opens: permits look again

    async def admit(self, keys: Collection[str] = ()) -> Passage:
        """Wait for a turn; the request must leave as soon as this returns.

        Raises ClosedError where the wait would be longer than the limits' patience.
        """
        while True:
            await self._until_open(keys)
            async with self._turn:
                await self._slots.acquire()
                try:
                    if self._limits.throttle:
                        self._endure(self._limits.throttle.shut_for())
                        await self._limits.throttle.wait()
                    if passage := self._pass(keys):
                        return passage
                except BaseException:
                    self._slots.release()
                    raise
                self._slots.release()

    async def _until_open(self, keys: Collection[str]) -> None:
        """Wait, out of the queue, for what closes this request's own scope; nobody else waits for it."""
        for door in (self._door, *(self._doors[key] for key in keys if key in self._doors)):
            while not door.may_pass(now := self._clock.monotonic()):
                self._endure(door.shut_for(now))
                await door.change(now)
        for key in keys if self._limits.rate_per_key else ():
            while (wait := self._ceiling(key).opens_at() - self._clock.monotonic()) > 0:
                self._endure(wait)
                await asyncio.sleep(wait)

    def _endure(self, seconds: float) -> None:
        if seconds > self._limits.patience:
            raise ClosedError(seconds)

    def _pass(self, keys: Collection[str]) -> Passage | None:
        """The instant of sending: all that was open when we queued must still be."""
        now = self._clock.monotonic()
        if not self._may_pass(keys, now):
            return None
        for key in keys if self._limits.rate_per_key else ():
            self._ceiling(key).take(now)
        if self._limits.throttle:
            self._limits.throttle.take()
        doors = (self._door, *(self._doors[key] for key in keys if key in self._doors))
        return Passage(self, [door for door in doors if door.probe()], self._clock)

    def _may_pass(self, keys: Collection[str], now: float) -> bool:
        if not self._door.may_pass(now) or any(
            key in self._doors and not self._doors[key].may_pass(now) for key in keys
        ):
            return False
        return not self._limits.rate_per_key or all(self._ceiling(key).opens_at() <= now for key in keys)

    def _ceiling(self, key: str) -> Ceiling:
        rate = self._limits.rate_per_key
        assert rate is not None
        ceiling = self._ceilings.get(key)
        if ceiling is None:
            ceiling = self._ceilings[key] = Ceiling(rate, self._limits.guard)
            if len(self._ceilings) > _KEYS:
                self._ceilings.popitem(last=False)
        self._ceilings.move_to_end(key)
        return ceiling

    @property
    def throttle(self) -> Throttle | None:
        """The vendor's limit; None: it has none."""
        return self._limits.throttle

    def entered(self) -> None:
        """A request leaves."""
        self.sending += 1
        if self._limits.throttle:  # one less waits for it
            self.moved.set()

    def left(self, seconds: float) -> None:
        """A request that left so many seconds ago has its reply, or will have none."""
        self.sending -= 1
        self.latency = seconds if not self.latency else self.latency + 0.1 * (seconds - self.latency)
        self._slots.release()

    def observe(self, outcomes: Sequence[Outcome], probed: Collection[Door]) -> None:
        """Learn from what the vendor said: throttles and blocks close their scope, failures count for the breaker."""
        now = self._clock.monotonic()
        for outcome in outcomes:
            self._learn(outcome, probed, now)
        for door in probed:  # a probe came back well if nothing in its whole reply closes the door again
            if door.state is State.PROBING:
                self._open(door, now)

    def _learn(self, outcome: Outcome, probed: Collection[Door], now: float) -> None:
        match outcome:
            case Throttled(after, scope):
                self._telemetry.emit(VendorThrottled(self._vendor, _word(scope)))
                self._close(scope, "throttled", after.total_seconds() if after else None, probed, now)  # 0 says nothing
            case Blocked(_, scope):
                self._close(scope, "blocked", None, probed, now)
            case RetryAfter() | Ambiguous():
                self._judge(now, probed)
                self._doubt(now, probed)
            case _:
                self._breaker.trips(now, failed=False)

    def _judge(self, now: float, probed: Collection[Door]) -> None:
        broken = any(door is self._door and door.reason == "breaker" for door in probed)
        if self._breaker.trips(now, failed=True) or broken:
            self._breaker.reset()
            self._close(WHOLE, "breaker", None, probed, now)

    def _doubt(self, now: float, probed: Collection[Door]) -> None:
        """A failure does not prove that what had blocked us is mended: those doors stay closed."""
        for door in probed:
            if door.reason == "blocked" and door.state is State.PROBING:
                door.close(now, reason="blocked", after=None)

    def _close(self, scope: Scope, reason: str, after: float | None, probed: Collection[Door], now: float) -> None:
        door = self._door_of(scope)
        if door.state is State.PROBING and door not in probed:
            return  # a late reply to what left before it closed: the probe's own reply decides
        was_open = door.state is not State.CLOSED
        seconds = door.close(now, reason=reason, after=after)
        if was_open:
            self._telemetry.emit(GateClosed(self._vendor, _word(scope), reason, seconds))
        if was_open and reason == "blocked":
            self._telemetry.emit(VendorBlocked(self._vendor, _word(scope), seconds))

    def _door_of(self, scope: Scope) -> Door:
        if scope.key is None:
            return self._door
        door = self._doors.setdefault(scope.key, Door())
        self._doors.move_to_end(scope.key)
        if len(self._doors) > _KEYS:
            self._doors.popitem(last=False)
        return door

    def _open(self, door: Door, now: float) -> None:
        closed = door.open(now)
        if door is self._door:
            self._breaker.reset()  # late failures of before it closed are counted by now
        scope = "vendor" if door is self._door else "key"
        self._telemetry.emit(GateOpened(self._vendor, scope, closed))
        for key in [key for key, value in self._doors.items() if value is door]:
            del self._doors[key]
        self.moved.set()

    def shut_for(self, key: str | None = None) -> float:
        """Seconds for which nothing can be sent for this key; None: nothing received for this vendor at all."""
        if self._limits.paused:
            return math.inf
        door = self._door if key is None else self._doors.get(key)
        return door.shut_for(self._clock.monotonic()) if door else 0.0

    @property
    def ajar(self) -> bool:
        """Whether only a probe may pass."""
        return self._door.state is not State.OPEN

    def closed_seconds(self) -> float:
        """Seconds that the whole vendor was closed, in all."""
        return self._door.closed_seconds(self._clock.monotonic())


def _word(scope: Scope) -> str:
    return "vendor" if scope.key is None else "key"
