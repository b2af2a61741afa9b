"""A limit that the fleet shares, in the state table."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import assert_never

from worker.aws.items import ItemKey
from worker.aws.limititem import closing, granting, probing, reopening, schedule_of, slowing
from worker.aws.statetable import Change, Changed, StateTable
from worker.model.reservation import Ask, Closed, Later, LimitNews, LimitState, Probing, Reopened, Reservation, Slower
from worker.model.schedule import Grant, Schedule, first_of
from worker.ports import Clock

KEEP = timedelta(days=2)  # of a limit whose windows are at most a day
_TRIES = 5  # of one call; each that fails shows what stands, and nearly always the next succeeds
_PAUSE = 0.1  # seconds, at most: others were always faster


class TableReservations:
    """One limit, one item (port `Reservations`); each task has an instance of its own.

    What is asked is one conditional update, made by what the last call has shown: it adds to the schedule wherever that
    stands by now, so tasks do not hinder each other. Where it does not hold DynamoDB answers with what stands, and the
    next try is made by that. What is only remembered never says no; before it would, the item is read.

    A write whose reply was lost stands: its send times are nobody's. The item vanishes `keep` after its last grant,
    which must be the limit's longest window and a day; as long as an item that has expired is there, it counts.
    """

    def __init__(
        self,
        table: StateTable,
        limit: ItemKey,
        clock: Clock,
        *,
        keep: timedelta = KEEP,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._table = table
        self._limit = limit
        self._clock = clock
        self._keep = keep.total_seconds()
        self._chance = chance
        self._known = Schedule()  # as the last call showed it
        self._others_follow = False  # when it had run out as far as was known, it had not in truth

    async def reserve(self, ask: Ask) -> Reservation:
        """Take send times that nobody else will be given. Raises UnavailableError or RefusedError."""
        fresh = False
        for _ in range(_TRIES):
            now = self._now()
            found = self._known.grant(ask, now)
            if isinstance(found, Grant):
                if (standing := await self._granted(found, ask, now, fresh=fresh)) is not None:
                    return found.reservation(standing.next - found.length)
            elif fresh:
                return found
            else:
                self._known = await self._read()
            fresh = True
        return Later(self._now() + _PAUSE * self._chance())

    async def _granted(self, grant: Grant, ask: Ask, now: float, *, fresh: bool) -> Schedule | None:
        """What it has become; None: something was not as it was known."""
        has_run_out = self._known.next < first_of(ask)
        follows = self._others_follow and not fresh if has_run_out else True
        change = granting(grant, ask, self._known, follows=follows, now=now, expires=self._expires(now))
        standing = await self._changed(change)
        if has_run_out:
            self._others_follow = follows if standing else self._known.next >= first_of(ask)
        return standing

    async def tell(self, news: LimitNews) -> None:
        """Tell all tasks what the vendor said; telling it twice does no harm."""
        now = self._now()
        match news:
            case Closed(until):
                if until > now:
                    await self._changed(closing(until, expires=self._expires(until)))
            case Probing(until):
                await self._changed(probing(until, now))
            case Reopened():
                await self._changed(reopening(now))
            case Slower(sent_at):
                await self._slow(sent_at, now)
            case _ as never:
                assert_never(never)

    async def state(self) -> LimitState:
        """What is known now; for people."""
        return (await self._read()).state(self._now())

    async def _slow(self, sent_at: float, now: float) -> None:
        """Of several tasks that tell of one throttling at once, one is heard."""
        for _ in range(_TRIES):
            known = self._known
            after = known.slowed(sent_at, now)
            if after == known.adaptive or await self._changed(slowing(after, known, expires=self._expires(now))):
                return

    async def _changed(self, change: Change) -> Schedule | None:
        """What it has become; None: the condition does not hold. What stands is known after it."""
        answer = await self._table.change(self._limit, change)
        self._known = schedule_of(answer.item)
        return self._known if isinstance(answer, Changed) else None

    async def _read(self) -> Schedule:
        return schedule_of((await self._table.get_many([self._limit])).get(self._limit))

    def _expires(self, now: float) -> int:
        return math.ceil(now + self._keep)

    def _now(self) -> float:
        return self._clock.now().timestamp()
