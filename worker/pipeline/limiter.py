"""A limit as a gate knows it: its pace, whose turn it is, its cooldown."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

from worker.pipeline.closed import foreseen
from worker.pipeline.door import Door, State
from worker.pipeline.pacer import Pacer
from worker.pipeline.turns import Turns
from worker.pipeline.way import Way

_KEPT = 10_000  # limits by value; beyond, those that are at rest are forgotten
_LOOKED_AT = 2  # of the longest unused, for each newcomer: one more than it takes the place of
_FORGIVEN = 3600.0  # seconds after which a cooldown that nobody has probed is forgotten


class Fleet(Protocol):
    """The other tasks that keep this limit."""

    def closed(self, seconds: float) -> None:
        """Tell them that the vendor wants nothing for so long."""

    def probing(self, seconds: float = ...) -> None:
        """Tell them that a probe has left, so that they wait; 0: it had no reply, and they need not."""

    def reopened(self) -> None:
        """Tell them that a probe came back well."""


class Sharer(Protocol):
    """An entry whose requests all fall under this limit."""

    def door_closed(self, door: Door, reason: str, seconds: float) -> None:
        """The limit's door was closed for so long."""

    def door_opened(self, door: Door, seconds: float) -> None:
        """It is open again, and was closed for so long."""


class Limiter:
    """Shared by the gates of all entries whose `limit_key` names it."""

    __slots__ = ("door", "fleet", "in_air", "keeper", "pacer", "sharers", "turn", "turns", "waiting")

    def __init__(self, pacer: Pacer | None, fleet: Fleet | None = None) -> None:
        self.pacer = pacer  # None: no limit is known, only what the vendor says
        self.fleet = fleet  # None: nobody else keeps it
        self.keeper: asyncio.Task[None] | None = None  # what keeps it going, if anything has to
        self.door = Door()
        self.sharers: list[Sharer] = []  # who is told of its door; each entry adds itself
        self.turn = asyncio.Lock()
        self.turns = Turns()  # of those that were put off, where there is a limit for each value
        self.waiting = 0  # requests that wait for their turn, or have it
        self.in_air = 0  # requests whose reply may still close the door

    @contextmanager
    def wanted(self, tokens: int) -> Iterator[None]:
        """A request waits for its turn: the pacer knows what is wanted."""
        self._want(1, tokens)
        try:
            yield
        finally:
            self._want(-1, -tokens)

    def _want(self, requests: int, tokens: int) -> None:
        self.waiting += requests
        if self.pacer:
            self.pacer.wanted += tokens

    def close(self, seconds: float, now: float) -> None:
        """Another task was told by the vendor to wait so long; a probe of ours that is on its way decides otherwise."""
        if self.door.state is State.PROBING:
            self.door.until = max(self.door.until, now + seconds)  # where it ends without a word
            return
        was_open = self.door.state is State.OPEN
        closed = self.door.close(now, reason="throttled", after=seconds)
        for each in self.sharers if was_open else ():
            each.door_closed(self.door, "throttled", closed)

    def shut_for(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        return max(self.door.shut_for(now), self.pacer.shut_for() if self.pacer else 0.0)

    def too_long(self, way: Way, patience: float, now: float) -> float:
        """Seconds until a request's turn, where that is more than the patience; 0: it waits here. It is `wanted`."""
        if self.pacer is None:
            return 0.0
        others = self.pacer.wanted - way.cost
        full = self.pacer.shut_for() > patience or (others > 0 and self.pacer.wanted > self.pacer.forecast(patience))
        if not full and (way.again or not self.turns.pending(now)):
            return 0.0
        wait = self.turns.behind(self._opens_at(self.pacer, others, now), now) - now
        return wait if full or wait > patience else 0.0

    def put_off(self, cost: int, now: float) -> float | None:
        """Seconds after which a request that does not wait here is to come again, behind all others; None: any time."""
        if self.pacer is None:
            return None
        opens_at = max(now + self.door.shut_for(now), self._opens_at(self.pacer, self.pacer.wanted, now))
        return self.turns.give(opens_at, now, lasting=cost * _spacing(self.pacer)) - now

    def _opens_at(self, pacer: Pacer, others: int, now: float) -> float:
        return now + max(foreseen(pacer.shut_for()), others * _spacing(pacer))

    def is_idle(self, now: float) -> bool:
        """Whether it could be made anew without anybody noticing."""
        unused = not self.waiting and not self.in_air and not self.turns.pending(now)
        return unused and self._is_open(now) and (self.pacer is None or self.pacer.is_idle(now))

    def _is_open(self, now: float) -> bool:
        forgiven = self.door.state is State.CLOSED and self.door.until + _FORGIVEN <= now
        return self.door.state is State.OPEN or forgiven


def _spacing(pacer: Pacer) -> float:
    return 1 / pacer.steady(1.0)


class Limiters(Protocol):
    """The limits of one entry."""

    @property
    def only(self) -> Limiter | None:
        """The one limit; None: there is one for each value of `limit_key`."""

    def of(self, limit: str | None) -> Limiter:
        """The limit that a request falls under."""


class OneLimit:
    """An entry with one limit."""

    def __init__(self, limiter: Limiter) -> None:
        self.only: Limiter | None = limiter
        self._limiter = limiter

    def of(self, _limit: str | None) -> Limiter:
        """That one."""
        return self._limiter


class LimitByValue:
    """An entry whose `limit_key` names payload fields: a limit for each value, shared with other entries."""

    only: Limiter | None = None

    def __init__(self, make: Callable[[str], Limiter], now: Callable[[], float], *, kept: int = _KEPT) -> None:
        self._make = make
        self._now = now
        self._kept = kept
        self._limiters: OrderedDict[str, Limiter] = OrderedDict()

    def of(self, limit: str | None) -> Limiter:
        """The value's own; made when it is first met."""
        name = limit or ""
        limiter = self._limiters.get(name)
        if limiter is None:
            self._forget()
            limiter = self._limiters[name] = self._make(name)
        self._limiters.move_to_end(name)
        return limiter

    def _forget(self) -> None:
        """Drop what is at rest, the longest unused first; what is not stays: a limit must not begin anew too soon."""
        now = self._now()
        for name in list(islice(self._limiters, _LOOKED_AT)) if len(self._limiters) >= self._kept else ():
            if self._limiters[name].is_idle(now):
                if keeper := self._limiters.pop(name).keeper:
                    keeper.cancel()
            else:
                self._limiters.move_to_end(name)
