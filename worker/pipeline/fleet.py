"""A limit that the fleet keeps together, by send times that are reserved in the state table."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from worker.model.errors import BadMessageError
from worker.model.events import SlotsForfeited
from worker.model.pacing import Pacing, pacing
from worker.model.rate import Rate
from worker.model.reservation import Closed, Probing, Reopened, Slower
from worker.pipeline.contact import Contact, Touch
from worker.pipeline.fellows import Fellows
from worker.pipeline.keeper import Hand, Keeper, until
from worker.pipeline.limitcalls import LimitCalls
from worker.pipeline.news import News
from worker.pipeline.orders import Demand, Orders
from worker.pipeline.safeshare import EvenShare, LastRound, NoShare, SafeShare
from worker.pipeline.slots import Slots
from worker.pipeline.tally import AwayTally
from worker.ports import Clock, Reservations, Telemetry

_UNKNOWN = 30.0  # seconds, where nobody can say: less than a message is held for
_LOOK = 1.0  # seconds between two looks of who waits
_SHUT = 1.0  # seconds; who waits for a limit that is closed for longer is let go, and meets its door
_PROBE = 30.0  # seconds for which a probe's reply is waited for, and a good one is worth telling
_CUT = 10.0  # the same for a throttling


@dataclass(frozen=True, slots=True)
class Share:
    """What is known of a shared limit beforehand."""

    name: str
    rate: Rate
    guard: float  # seconds by which each window is stretched
    max_tasks: int  # that may keep it at once
    most_cost: int = 1  # tokens of one call, at most
    adaptive: bool = False  # slow down on 429 and recover, all together


class FleetThrottle:
    """Keeps a rate together with all other tasks; `keep` must run for as long as it is used. See `Pacing`.

    `closed` is told for how many seconds the vendor wants nothing, as another task has heard; 0: the next is the probe.
    """

    def __init__(
        self,
        share: Share,
        reservations: Reservations,
        *,
        clock: Clock,
        telemetry: Telemetry,
        closed: Callable[[float], None] = lambda _seconds: None,
        fellows: Fellows | None = None,
        contact: Contact | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._share = share
        self._clock = clock
        self._pacing = pacing(share.rate, guard=share.guard, max_tasks=share.max_tasks, largest=share.most_cost)
        self._fellows = fellows or Fellows(share.max_tasks)
        self._demand = Demand()
        self._slots = Slots(clock, lambda count: telemetry.emit(SlotsForfeited(share.name, count)))
        self._touch = Touch(contact or Contact(), self._pacing)
        self._safe = _safe(self._pacing, clock)
        self._orders = Orders(self._pacing, self._demand, self._slots, self._fellows, clock=clock, chance=chance)
        self._tally = AwayTally(self._pacing, clock)
        calls = LimitCalls(share.name, reservations, self._touch, clock=clock, telemetry=telemetry, chance=chance)
        hand = Hand(self._slots, self._safe, self._touch, self._orders, calls, self._tally)
        self._keeper = Keeper(share.name, self._pacing, hand, clock=clock, telemetry=telemetry, closed=closed)
        self._news = News(reservations, clock)

    async def keep(self) -> None:
        """Reserve what is wanted, and tell the other tasks what the vendor says, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._news.keep())
            group.create_task(self._keeper.keep())

    @property
    def wanted(self) -> int:
        """Tokens that requests wait for; the gate writes it."""
        return self._demand.wanted

    @wanted.setter
    def wanted(self, count: int) -> None:
        more, self._demand.wanted = count > self._demand.wanted, count
        if more:
            self._keeper.want()

    @property
    def room(self) -> int:
        """Requests that may leave at once; the gate writes it."""
        return self._demand.room

    @room.setter
    def room(self, count: int) -> None:
        self._demand.room = count

    async def wait(self, cost: int = 1) -> None:
        """Return when `cost` tokens may be used; `take` follows at once, with nothing awaited between.

        It returns too where the vendor has closed the limit for more than a second: its door says so. Raises
        BadMessageError for a call that costs more than was said beforehand.
        """
        if cost > self._pacing.largest:
            raise BadMessageError(f"it counts {cost} times, at most {self._pacing.largest} were expected", code="cost")
        self._demand.cost = cost
        if self._opens_in(cost) == math.inf:
            self._keeper.call()
        while (left := self._opens_in(cost)) > 0 and self._keeper.closed_for() <= _SHUT:
            self._keeper.changed.clear()
            self._keeper.want()  # what was in hand may have been forfeited
            await until(self._keeper.changed, min(left, _LOOK))

    def take(self, cost: int = 1) -> None:
        """They are used now."""
        if self._keeper.is_degraded:
            self._safe.take(cost)
            self._tally.owe(cost)
        else:
            self._slots.take(cost)

    def _opens_in(self, cost: int) -> float:
        """Seconds; infinity: nothing is in hand."""
        now = self._clock.monotonic()
        if self._keeper.is_degraded:
            return self._safe.opens_in(cost) if self._touch.proves_away(now) else math.inf
        return self._slots.opens_in(cost) if self._touch.is_live(now) else math.inf

    def shut_for(self) -> float:
        """Seconds until the next may be sent, as far as is known; 0 where it may be now, or soon."""
        return max(0.0, self._keeper.closed_for(), self._shut_for())

    def _shut_for(self) -> float:
        if (opens := self._opens_in(1)) < math.inf:
            return opens
        now = self._clock.monotonic()
        if self._keeper.is_degraded:
            return _UNKNOWN
        if self._touch.may_reserve(now):
            return self._orders.later_at - now
        return min(_UNKNOWN, self._touch.rests_for(now) if self._touch.is_live(now) else self._touch.away_in(now))

    def closed(self, seconds: float) -> None:
        """The vendor wants nothing for so long: tell the others."""
        self._keeper.close(seconds)
        self._news.add(Closed(self._clock.now().timestamp() + seconds), seconds)

    def probing(self, seconds: float = _PROBE) -> None:
        """A probe has left: the others wait so long for its reply; 0: there will be none, the next is the probe."""
        self._news.add(Probing(self._clock.now().timestamp() + seconds), _PROBE)

    def reopened(self) -> None:
        """A probe came back well: tell the others."""
        self._keeper.close(0.0)
        self._news.add(Reopened(), _PROBE)

    def throttled(self, sent_at: float, _closed_for: float = 0.0) -> None:
        """The vendor wanted less when it got a request that left at `sent_at` (monotonic seconds)."""
        if self._share.adaptive:
            ahead = self._clock.now().timestamp() - self._clock.monotonic()
            self._news.add(Slower(sent_at + ahead), _CUT)

    def is_idle(self, _now: float) -> bool:
        """Whether one made anew would be the same: what the fleet has sent is in the table."""
        idle = not self._demand.wanted and not self.ahead and not len(self._news)
        return idle and not self._keeper.is_degraded and self._keeper.closed_for() <= 0

    def forecast(self, look_ahead: float) -> int:
        """How many may be sent from now until then, with this task's part of what is not reserved yet."""
        shut = self.shut_for()
        if shut > look_ahead:
            return 0
        return max(1, self._slots.within(look_ahead), int(self.steady(look_ahead - shut)))

    def steady(self, look_ahead: float) -> float:
        """How many this task may send in `look_ahead` seconds on a long day."""
        if self._keeper.is_degraded:
            return self._safe.per_second * look_ahead
        counted = [window.per_second for window in self._pacing.quotas]
        return min(1 / self._orders.spacing, *counted, math.inf) / self._fellows.count * look_ahead

    @property
    def is_degraded(self) -> bool:
        """Whether it keeps to the safe share, because the table is away."""
        return self._keeper.is_degraded

    @property
    def factor(self) -> float:
        """What the adaptive rate left of the configured one when send times were last granted."""
        return self._pacing.spacing / self._orders.spacing

    @property
    def ahead(self) -> int:
        """Send times in hand."""
        self._slots.opens_in(1)  # those that are too late are none
        return len(self._slots)

    @property
    def waits_for(self) -> str:
        """Why nothing is reserved, for people; empty: it is."""
        now = self._clock.monotonic()
        if self._touch.may_reserve(now):
            return ""
        return "the end of other tasks' safe shares" if self._touch.is_live(now) else "the state table"


def _safe(pacing: Pacing, clock: Clock) -> SafeShare:
    if pacing.share is not None:
        return EvenShare(pacing.share, pacing, clock)
    return LastRound(pacing, clock) if pacing.period < math.inf else NoShare()
