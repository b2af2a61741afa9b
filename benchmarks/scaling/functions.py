"""Lambda under an event source mapping with a maximum concurrency: the only limit that it has."""

from __future__ import annotations

from random import Random

from benchmarks.scaling.line import Cohort, Flight, Line
from benchmarks.scaling.vendor import LIMIT, SECONDS, durations
from worker.ops.prices import Prices

_FIRST, _GROWTH = 5, 5  # batches at once, and how many more each second: "300 more instances per minute"
_LEAST = 2  # of a maximum concurrency
_HIDDEN = 60  # seconds until a message is seen again whose call failed: six times the function's timeout of 10 s
_REFUSED = 1  # seconds that a refused call takes
_GIGABYTES = 0.25
_BATCH = 10  # messages of one invocation, one after the other


class Functions:
    """Each instance sends one message at a time, and does not know of the others.

    The concurrency is a share of what makes the vendor's limit on average. A call above the limit of its second, or
    made while the vendor is away, is refused; it costs a second, and its message waits out the visibility timeout. That
    it may be buried for that is left out, and so are cold starts and the wait inside of a batch.
    """

    def __init__(self, share: float, random: Random, prices: Prices) -> None:
        self.above = 0
        self._most = max(_LEAST, int(share * LIMIT * SECONDS))
        self._random = random
        self._prices = prices.functions
        self._flight, self._refused = Flight(), Flight()
        self._hidden: dict[int, list[Cohort]] = {}
        self._hidden_count = 0
        self._pollers = 0.0
        self._seconds = 0
        self._calls = 0

    @property
    def held(self) -> int:
        """Under way, or hidden after a refusal."""
        return self.running + self._hidden_count

    @property
    def running(self) -> int:
        """Instances: one message each."""
        return len(self._flight) + len(self._refused)

    @property
    def hours(self) -> float:
        """Of all instances."""
        return self._seconds / 3600

    @property
    def dollars(self) -> float:
        """Requests and GB-seconds, ARM."""
        requests = self._calls / _BATCH / 1e6 * self._prices.million_requests
        return requests + self._seconds * _GIGABYTES * self._prices.gb_second

    def ended(self, now: int) -> list[int]:
        """Delivered in this second; what was refused is hidden from now on."""
        refused = [(at, 1) for at in self._refused.ended(now)]
        self._hidden.setdefault(now + _HIDDEN, []).extend(refused)
        self._hidden_count += len(refused)
        return self._flight.ended(now)

    def work(self, now: int, line: Line, *, away: bool) -> None:
        """Take what the pollers of this second can."""
        back = self._hidden.pop(now, [])
        self._hidden_count -= len(back)
        line.put_back(back)
        busy = bool(line) or self.running > 0
        self._pollers = min(self._most, self._pollers + _GROWTH if self._pollers else _FIRST) if busy else 0.0
        sent = line.take(max(0, int(self._pollers) - self.running))
        self._calls += len(sent)
        self.above += max(0, len(sent) - LIMIT)
        taken = 0 if away else LIMIT
        for at, seconds in zip(sent[:taken], durations(min(taken, len(sent)), self._random), strict=True):
            self._flight.start(at, now + seconds)
        for at in sent[taken:]:
            self._refused.start(at, now + _REFUSED)
        self._seconds += self.running
