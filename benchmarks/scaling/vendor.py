"""The vendor that all work for: what it takes, how long it needs, what the workers are."""

from __future__ import annotations

from random import Random

LIMIT = 80  # requests per second
_SHARES = ((0.50, 1), (0.25, 2), (0.25, 4))  # of the requests, and how many seconds they take
SECONDS = sum(share * seconds for share, seconds in _SHARES)  # on average: 2
SLOWEST = max(seconds for _, seconds in _SHARES)

CONCURRENCY = 20  # of each task: so 10 requests per second, and 8 tasks make the vendor's limit
MAX_TASKS = 10
USED = 0.895 * LIMIT  # what a fleet sends of 80/s: `python -m benchmarks.fleetuse`
TIMEOUT = 10.0  # seconds


def durations(count: int, random: Random) -> list[int]:
    """How long each of so many requests takes, in seconds."""
    return random.choices([seconds for _, seconds in _SHARES], [share for share, _ in _SHARES], k=count)
