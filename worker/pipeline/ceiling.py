"""The promise itself: in any rolling window at most `limit` requests leave."""

from __future__ import annotations

from collections import deque
from itertools import takewhile

from worker.model.rate import Rate

_ROUNDING = 1e-6  # seconds; adding floats may lose less than this


class Ceiling:
    """Remembers the last `limit` instants of sending of each window, each window stretched by the guard (seconds).

    The n-th send is allowed once the (n − limit)-th is a window and a guard ago: exact for every window of the rate.
    """

    def __init__(self, rate: Rate, guard: float) -> None:
        self._windows = [
            (deque[float](maxlen=window.limit), window.limit, window.seconds + guard + _ROUNDING)
            for window in rate.windows
        ]

    def opens_at(self) -> float:
        """The instant (monotonic seconds) from which one more may be sent; 0 while there is room."""
        return max(sent[0] + span if len(sent) == limit else 0.0 for sent, limit, span in self._windows)

    def take(self, now: float) -> None:
        """One is being sent at this very instant."""
        for sent, _, span in self._windows:
            _forget(sent, now - span)
            sent.append(now)

    def room(self, now: float, look_ahead: float) -> int:
        """How many could be sent from now until `look_ahead` seconds from now."""
        return min(_room(sent, limit, span, now, look_ahead) for sent, limit, span in self._windows)


def _forget(sent: deque[float], until: float) -> None:
    while sent and sent[0] <= until:
        sent.popleft()


def _room(sent: deque[float], limit: int, span: float, now: float, look_ahead: float) -> int:
    _forget(sent, now - span)
    rounds, rest = divmod(look_ahead, span)  # a send that is freed within the rest makes room once more
    freed = sum(1 for _ in takewhile(lambda instant: instant + span <= now + rest, sent))
    return limit - len(sent) + freed + int(rounds) * limit
