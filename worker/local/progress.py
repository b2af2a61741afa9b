"""How far each vendor has come, a line for each at a moment; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.local.depths import Depth
from worker.telemetry.counts import Counts, Tally

_LOOK_BACK = 3.0  # seconds over which a rate is taken


@dataclass(frozen=True, slots=True)
class Row:
    """One vendor now."""

    vendor: str
    waiting: int
    in_flight: int
    delivered: int
    rate: float  # delivered per second, lately
    limit: str  # as the topology has it
    retried: int
    throttled: int  # answers, not messages
    buried: int
    closed: bool
    seconds_left: float | None  # at this rate; None: not known


class Progress:
    """Turns totals into rows; owned by the view's task."""

    def __init__(self, limits: Mapping[str, str]) -> None:
        self._limits = limits
        self._before: dict[str, deque[tuple[float, int]]] = {vendor: deque() for vendor in limits}

    def rows(self, now: float, counts: Counts, held: Mapping[str, int], depths: Mapping[str, Depth]) -> Sequence[Row]:
        """A row for each vendor, at `now` (monotonic seconds); `held`: messages in hand."""
        return [
            self._row(now, vendor, counts.of(vendor), held.get(vendor, 0), depths.get(vendor, Depth()))
            for vendor in self._limits
        ]

    def _row(self, now: float, vendor: str, tally: Tally, held: int, depth: Depth) -> Row:
        rate = self._rate(now, vendor, tally.delivered)
        return Row(
            vendor=vendor,
            waiting=depth.waiting + depth.delayed,
            in_flight=held,
            delivered=tally.delivered,
            rate=rate,
            limit=self._limits[vendor],
            retried=tally.retried,
            throttled=tally.throttles,
            buried=tally.buried,
            closed=tally.closed,
            seconds_left=depth.left / rate if rate > 0 else None,
        )

    def _rate(self, now: float, vendor: str, delivered: int) -> float:
        before = self._before[vendor]
        before.append((now, delivered))
        while now - before[0][0] > _LOOK_BACK:
            before.popleft()
        since, base = before[0]
        return (delivered - base) / (now - since) if now > since else 0.0
