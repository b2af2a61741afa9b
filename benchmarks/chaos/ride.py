"""One storm from its start to the judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from benchmarks.chaos.site import opened
from benchmarks.chaos.storms import Storm
from benchmarks.figures import Figure, Goal
from worker.local.history import Arrived, Disturbed
from worker.local.promises import Judgement
from worker.local.stack import EmbeddedAws

_NONE = Goal("≤", 0)


@dataclass(frozen=True, slots=True)
class Ride:
    """How it went."""

    storm: str
    bad: int  # messages that had to end buried
    judgement: Judgement
    confirmed: int  # to whoever published
    disturbed: Mapping[str, int]  # calls about a message, by service
    answers: Mapping[int, int]  # of the vendor, by status
    said: Mapping[str, int]  # by the workers, by event
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
            Figure(f"{name}.buried", told.buried, "messages", Goal("≤", self.bad)),
            Figure(f"{name}.redriven", told.redriven, "messages", _NONE),
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
    async with opened(stack, prefix, storm.kind) as site:
        await storm.trouble(site, seconds)
        await site.drained()
        judgement = await site.judge()
        events = site.history.events
        return Ride(
            storm.name,
            storm.bad,
            judgement,
            confirmed=site.published,
            disturbed=Counter(event.operation.partition(":")[0] for event in events if isinstance(event, Disturbed)),
            answers=Counter(event.status for event in events if isinstance(event, Arrived)),
            said=site.crew.said(),
            seconds=monotonic() - began,
            deaths=site.crew.deaths,
            stops=site.crew.stopped,
        )
