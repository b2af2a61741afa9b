"""The schedule of a limit that tasks share: what an ask is given, and what the vendor's news changes; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from worker.model.adaptive import Adaptive
from worker.model.quota import Counts, Quota, Tally, part_at
from worker.model.reservation import Ask, Closed, Granted, Later, LimitNews, LimitState, Probing, Reopened, Slower

MICRO = 1_000_000  # the schedule is kept in whole microseconds: sums are exact, and floats hold them until 2255
_LOOK = 1.0  # seconds after which those whom a probe keeps waiting look whether it came back


@dataclass(frozen=True, slots=True)
class Grant:
    """What a schedule can give, and what it then writes."""

    start: int  # microseconds since 1970
    count: int
    spacing: int  # microseconds
    probing_until: float | None = None  # seconds since 1970; None: it is no probe
    tallies: Sequence[Tally] = ()

    @property
    def end(self) -> int:
        """The next free send time after it, microseconds since 1970."""
        return self.start + self.length

    @property
    def length(self) -> int:
        """Microseconds of the schedule that it takes."""
        return self.count * self.spacing

    def reservation(self, start: int) -> Granted:
        """As the asker is told, where it starts at `start` in truth."""
        return Granted(start / MICRO, self.count, self.spacing / MICRO, probe=self.probing_until is not None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A limit as it is stored. Instants are seconds since 1970, but for `next`."""

    next: int = 0  # microseconds since 1970: the first free send time
    closed_until: float | None = None  # None: open
    probing_until: float = 0.0
    adaptive: Adaptive = field(default_factory=Adaptive)
    counts: Mapping[float, Counts] = field(default_factory=dict)  # of each window above a minute, by its seconds

    def grant(self, ask: Ask, now: float) -> Grant | Later:
        """What the ask is given at `now`, or when to ask again."""
        if (later := self._shut(now)) is not None:
            return later
        start = max(self.next, first_of(ask))
        if start > last_of(ask):
            return Later(now + start / MICRO - ask.latest)
        spacing = math.ceil(ask.spacing / self.adaptive.now(now) * MICRO)
        quotas = [Quota(window, ask.guard, self.counts.get(window.seconds, {}), ask.earliest) for window in ask.quotas]
        count = min([self._most(ask, spacing), *(quota.left for quota in quotas)])
        if count == 0:
            return Later(now + max(quota.frees_in for quota in quotas if not quota.left))
        until = ask.latest + (count - 1) * spacing / MICRO  # wherever it starts in truth
        tallies = [quota.tally(count, until) for quota in quotas]
        return Grant(start, count, spacing, None if self.closed_until is None else now + ask.probe, tallies)

    def granted(self, grant: Grant) -> Schedule:
        """After a grant of its own."""
        tallied = {tally.seconds: tally.added(self.counts.get(tally.seconds, {})) for tally in grant.tallies}
        return replace(
            self,
            next=grant.end,
            probing_until=self.probing_until if grant.probing_until is None else grant.probing_until,
            counts={**self.counts, **tallied},
        )

    def told(self, news: LimitNews, now: float) -> Schedule:
        """After the vendor's news; what is told twice changes nothing."""
        match news:
            case Closed(until):
                later = until > max(now, self.closed_until or 0.0)
                return replace(self, closed_until=until, probing_until=0.0) if later else self
            case Probing(until):
                probed = self.closed_until is not None and self.closed_until <= now
                return replace(self, probing_until=until) if probed else self
            case Reopened():
                over = self.closed_until is not None and self.closed_until <= now
                return replace(self, closed_until=None, probing_until=0.0) if over else self
            case Slower(sent_at):
                return replace(self, adaptive=self.slowed(sent_at, now))
            case _ as never:
                assert_never(never)

    def slowed(self, sent_at: float, now: float) -> Adaptive:
        """The adaptive rate after a 429; what closes the limit is to be told before."""
        return self.adaptive.throttled(sent_at, now, closed_for=max(0.0, (self.closed_until or now) - now))

    def state(self, now: float) -> LimitState:
        """For people."""
        used = {
            seconds: sum(count for part, count in counts.items() if part >= part_at(now - seconds, seconds))
            for seconds, counts in self.counts.items()
        }
        return LimitState(self.next / MICRO, self.closed_until, self.adaptive.now(now), used)

    def _shut(self, now: float) -> Later | None:
        if self.closed_until is None:
            return None
        if self.closed_until > now:
            return Later(self.closed_until, closed_until=self.closed_until)
        if self.probing_until > now:
            return Later(min(self.probing_until, now + _LOOK))
        return None

    def _most(self, ask: Ask, spacing: int) -> int:
        """A probe is alone; and what is slowed down takes no more of the time to come than `latest` allows."""
        if self.closed_until is not None:
            return 1
        return min(ask.count, 1 + (last_of(ask) - first_of(ask)) // spacing) if spacing else ask.count


def first_of(ask: Ask) -> int:
    """Its earliest start, microseconds since 1970."""
    return math.ceil(ask.earliest * MICRO)


def last_of(ask: Ask) -> int:
    """Its latest start, microseconds since 1970."""
    return math.floor(ask.latest * MICRO)
