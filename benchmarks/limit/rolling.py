"""How full a rolling window was all the time: pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from worker.model.rate import Window

_STRETCHES = 1000  # of a line; more are not seen


def rolling(times: Sequence[float], window: Window) -> tuple[Sequence[float], Sequence[float]]:
    """Instants, and how full the window that ends at each is, in percent of its limit.

    It changes where a request comes, and a window later where it goes. Of each of many stretches of a long line the
    fullest instant and the emptiest are told: no violation is hidden, and no silence.
    """
    ordered = sorted(times)
    gone = [(time + window.seconds, -1) for time in ordered if time + window.seconds < ordered[-1]]
    changes = sorted([*((time, 1) for time in ordered), *gone])
    counts = list(accumulate(change for _, change in changes))
    size = max(1, len(changes) // _STRETCHES)
    stretches = [range(start, min(start + size, len(changes))) for start in range(0, len(changes), size)]
    ends = [{max(each, key=counts.__getitem__), min(each, key=counts.__getitem__)} for each in stretches]
    places = [place for each in ends for place in sorted(each)]
    return [changes[place][0] for place in places], [100 * counts[place] / window.limit for place in places]
