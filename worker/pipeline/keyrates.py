"""A vendor's second limit, for each recipient, channel or shop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from worker.model.rate import Rate
from worker.pipeline.ceiling import Ceiling
from worker.pipeline.turns import Turns

_KEPT = 10_000  # keys that were sent to lately
_SOON = 0.001  # seconds; a newcomer that finds no room is told a time that is not now


class _Key:
    """One key's: what was sent, and who waits or was put off for it."""

    __slots__ = ("awaited", "ceiling", "rests_at", "turns")

    def __init__(self, ceiling: Ceiling) -> None:
        self.ceiling = ceiling
        self.turns = Turns()
        self.awaited = 0  # those who wait in hand
        self.rests_at = 0.0  # monotonic: when its windows are over


class KeyRates:
    """`rate` for each key. A key is remembered until its windows are over: none begins anew too soon.

    With so many keys under way at once that one more finds no room, the newcomer waits for the one that rests first.
    """

    def __init__(self, rate: Rate, guard: float, *, kept: int = _KEPT) -> None:
        self._rate = rate
        self._guard = guard
        self._kept = kept
        self._keys: OrderedDict[str, _Key] = OrderedDict()  # the longest unused first
        self._newcomers = Turns()
        self._longest = rate.windows[-1].seconds + guard
        self._spacing = max((window.seconds + guard) / window.limit for window in rate.windows)

    def opens_at(self, keys: Collection[str], now: float) -> float:
        """The instant from which one more may be sent to all of these keys; 0 while there is room."""
        return max((self._opens_at(key, now) for key in keys), default=0.0)

    def turn(self, keys: Collection[str], now: float) -> float:
        """The same for one that comes for the first time: behind those that wait, or were put off, before it."""
        return max((self._turn(key, now) for key in keys), default=0.0)

    @contextmanager
    def awaited(self, keys: Collection[str]) -> Iterator[None]:
        """One waits for all of these keys: who comes for the first time meanwhile goes behind it."""
        known = [self._keys[key] for key in keys if key in self._keys]
        for each in known:
            each.awaited += 1
        try:
            yield
        finally:
            for each in known:
                each.awaited -= 1

    def give(self, keys: Collection[str], now: float, opens_at: float = 0.0) -> float:
        """When one that is put off now is to come again, not before `opens_at`; who comes after it goes behind it."""
        waited_for = [key for key in keys if max(opens_at, self._turn(key, now)) > now]
        return max((self._give(key, now, opens_at) for key in waited_for), default=now)

    def take(self, key: str, now: float) -> None:
        """One is being sent to this key at this very instant."""
        known = self._keys.get(key)
        if known is None:
            known = self._keys[key] = _Key(Ceiling(self._rate, self._guard))
            self._newcomers.seen(now)
        self._keys.move_to_end(key)
        known.ceiling.take(now)
        known.turns.seen(now)
        known.rests_at = now + self._longest

    def _opens_at(self, key: str, now: float) -> float:
        if (known := self._keys.get(key)) is not None:
            return known.ceiling.opens_at()
        return 0.0 if self._has_room(now) else max(now + _SOON, next(iter(self._keys.values())).rests_at)

    def _turn(self, key: str, now: float) -> float:
        return self._turns(key).behind(self._behind_awaited(key, now), now)

    def _give(self, key: str, now: float, opens_at: float) -> float:
        lasting = self._spacing if key in self._keys else self._longest / self._kept
        return self._turns(key).give(max(opens_at, self._behind_awaited(key, now)), now, lasting=lasting)

    def _turns(self, key: str) -> Turns:
        return known.turns if (known := self._keys.get(key)) else self._newcomers

    def _behind_awaited(self, key: str, now: float) -> float:
        opens_at, known = self._opens_at(key, now), self._keys.get(key)
        return opens_at + known.awaited * self._spacing if known and opens_at > now else opens_at

    def _has_room(self, now: float) -> bool:
        """Forget the longest unused where its windows are over."""
        while len(self._keys) >= self._kept:
            oldest = next(iter(self._keys))
            if not self._keys[oldest].ceiling.is_idle(now):
                return False
            del self._keys[oldest]
        return True
