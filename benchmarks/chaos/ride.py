"""One storm from its start to the judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from benchmarks.chaos.site import opened
from benchmarks.chaos.storms import Storm
from benchmarks.figures import Figure, Goal
from worker.local.history import Disturbed
from worker.local.promises import Judgement
from worker.local.stack import EmbeddedAws

_NONE = Goal("≤", 0)


@dataclass(frozen=True, slots=True)
class Ride:
    """How it went."""

    storm: str
    judgement: Judgement
    confirmed: int  # to whoever published
    disturbed: int  # calls about a message
    seconds: float
    deaths: int
    stops: int

    @property
    def lost(self) -> int:
        """Messages that ended nowhere, and those that were confirmed and that SNS never had."""
        return self.judgement.lost + self.confirmed - self.judgement.published

    def figures(self) -> Sequence[Figure]:
        """All that is counted, under the storm's name."""
        told, name = self.judgement, self.storm
        return [
            Figure(f"{name}.published", told.published, "messages"),
            Figure(f"{name}.delivered", told.delivered, "messages"),
            Figure(f"{name}.buried", told.buried, "messages"),
            Figure(f"{name}.redriven", told.redriven, "messages"),
            Figure(f"{name}.lost", self.lost, "messages", _NONE),
            Figure(f"{name}.violations", len(told.violations), "", _NONE),
            Figure(f"{name}.duplicates", sum(told.duplicates.values()), "requests"),
            *(Figure(f"{name}.duplicates, {cause}", count) for cause, count in sorted(told.duplicates.items())),
            Figure(f"{name}.workers_died", self.deaths),
            Figure(f"{name}.workers_stopped", self.stops),
            Figure(f"{name}.seconds", self.seconds, "s"),
        ]


async def ride(stack: EmbeddedAws, storm: Storm, prefix: str, seconds: float) -> Ride:
    """Live through it: `seconds` of trouble, then as long as draining takes.

    Raises NotDrainedError, or WorkerError where a worker does not stop as it should.
    """
    began = monotonic()
    async with opened(stack, prefix, storm.behaviour, adapter=storm.adapter) as site:
        await storm.trouble(site, seconds)
        await site.drained(within=60 + seconds)  # a storm that slows the workers leaves much behind
        judgement = await site.judge()
        return Ride(
            storm.name,
            judgement,
            confirmed=site.published,
            disturbed=sum(isinstance(event, Disturbed) for event in site.history.events),
            seconds=monotonic() - began,
            deaths=site.crew.deaths,
            stops=site.crew.stopped,
        )
