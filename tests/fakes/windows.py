"""What a vendor counts: requests in rolling windows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from worker.model.rate import Rate


def most_within(sent: Sequence[float], seconds: float) -> int:
    """The most of these instants (sorted) that any rolling window of so many seconds holds, both its ends counted."""
    return max((bisect_right(sent, instant + seconds) - number for number, instant in enumerate(sent)), default=0)


def keeps(rate: Rate, sent: Sequence[float]) -> bool:
    """Whether no window of the rate holds more than its limit."""
    return all(most_within(sent, window.seconds) <= window.limit for window in rate.windows)
