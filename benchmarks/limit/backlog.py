"""A slow limit and far more messages than it lets through: each is received once, when it can be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from benchmarks.figures import Figure, Goal
from benchmarks.limit import told
from benchmarks.limit.kept import use
from benchmarks.limit.kind import Kind
from benchmarks.limit.place import Place
from benchmarks.limit.result import GUARD, Result, Seen
from benchmarks.limit.sending import Sending, Watch
from benchmarks.limit.site import Site, shared
from worker.local.depths import Depths
from worker.local.history import Buried, Deleted, Event, Received
from worker.model.rate import parse_rate

_WAITING = 100_000  # messages: more than a day of them
_VISIBILITY = 7  # seconds, the least that `check` allows: who holds too much loses it soon
_FIRST = Goal("≥", 99)
_NONE = Goal("≤", 0)


@dataclass(frozen=True, slots=True)
class Backlog:
    """A row of so many workers."""

    name: str
    workers: int
    share: Literal["one", "fleet"]
    seconds: float
    quick: float
    rate: object = "1/s"

    @property
    def group(self) -> str:
        """What it is drawn with."""
        return "a backlog"

    async def watch(self, place: Place, seconds: float) -> Result:
        """Watch for so long, and count how often what was delivered had been received."""
        kind = Kind(self.rate, _WAITING, self.share, self.workers, concurrency=10, visibility=_VISIBILITY)
        desk, rate = place.desk(self.name), parse_rate(self.rate)
        async with shared(place.stack, place.prefix(self.name), kind, desk) as site:
            since = await site.join(self.workers)
            await asyncio.sleep(seconds)
            watch = Watch(since, monotonic())
            await site.stop()
            sending = Sending(await desk.requests(), watch)
            buried = await _dead(place, site) + sum(isinstance(event, Buried) for event in site.history.events)
        seen = Seen("Sluice", sending, use(sending.sent, watch, rate, GUARD))
        own = self._counted(site.history.events, buried)
        remark = f"{_WAITING:,} waiting; " + ", ".join(_said(figure) for figure in own)
        return Result(self.name, self.group, rate, [seen], [*told.ours(self.name, rate, seen), *own], remark)

    def _counted(self, events: Sequence[Event], buried: int) -> Sequence[Figure]:
        counts = receive_counts(events)
        first = counts.count(1) / len(counts) if counts else float("nan")
        receives = sum(isinstance(event, Received) for event in events)
        return [
            Figure(f"{self.name}.receives", receives, "of messages, those in hand at the stop too"),
            Figure(f"{self.name}.deliveries", len(counts), "of messages"),
            Figure(f"{self.name}.received_once", 100 * first, "% of those", _FIRST),
            Figure(f"{self.name}.buried", buried, "messages", _NONE),
        ]


async def _dead(place: Place, site: Site) -> int:
    async with place.stack.aws() as aws:
        depths = await (await Depths.open(site.topology, aws)).ask()
    return sum(depth.dead for depth in depths.values())


def _said(figure: Figure) -> str:
    percent = " %" if figure.unit.startswith("%") else ""
    return f"{figure.value:.4g}{percent} {figure.name.rpartition('.')[2].replace('_', ' ')}"


def receive_counts(events: Sequence[Event]) -> Sequence[int]:
    """SQS's receive count of each delivery, by the receive whose receipt deleted it."""
    counts = {event.receipt: event.count for event in events if isinstance(event, Received)}
    return [counts[event.receipt] for event in events if isinstance(event, Deleted) and event.receipt in counts]
