"""Eight workers that share one limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import Figure, Goal
from benchmarks.limit import told
from benchmarks.limit.kept import longest_silence, use, use_between
from benchmarks.limit.kind import Kind
from benchmarks.limit.place import Place
from benchmarks.limit.result import GUARD, Result, Seen
from benchmarks.limit.sending import Sending, Trouble
from benchmarks.limit.site import Site, shared
from benchmarks.limit.troubles import TASKS, Troubled
from worker.model.pacing import GIVEN_UP
from worker.model.rate import Rate, parse_rate

_SPARE = 1.2  # times what may be sent: the queue is never empty
_START = 60.0  # seconds, on a slow machine
_BUSY = 50.0  # a second: from here on a message may cost …
_NOT = float("nan")
_CALLS = Goal("≤", 0.2)  # … so many calls of the table
_BELIEVED = GIVEN_UP + 1.0  # seconds: a task may not believe it sooner
_AWAY = Goal("≥", 0.75)  # × running ÷ max_tasks, which is 1


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet's row."""

    name: str
    rate: str
    trouble: Troubled
    seconds: float
    quick: float | None
    least_use: float | None
    freezes: bool = False

    @property
    def group(self) -> str:
        """What it is drawn with."""
        return f"a fleet at {self.rate}"

    async def watch(self, place: Place, seconds: float) -> Result:
        """Watch a fleet for so long."""
        rate = parse_rate(self.rate)
        messages = int(_SPARE * (rate.per_second * (_START + seconds) + rate.windows[0].limit))
        kind = Kind(self.rate, messages, "fleet", TASKS, concurrency=10)
        desk = place.desk(self.name)
        async with shared(place.stack, place.prefix(self.name), kind, desk) as site:
            watch = await self.trouble(site, seconds)
            await site.stop()
            sending = Sending(await desk.requests(), watch)
        seen = Seen("Sluice", sending, use(sending.sent, watch, rate, GUARD), self.least_use)
        calls, troubled = (
            list(self._calls(site, sending, rate)),
            [*self._outage(sending, rate), *self._counted(sending)],
        )
        figures = [*told.ours(self.name, rate, seen, freezes=self.freezes), *calls, *troubled]
        return Result(self.name, self.group, rate, [seen], figures, "; ".join(map(_remark, [*calls[:1], *troubled])))

    def _calls(self, site: Site, sending: Sending, rate: Rate) -> Iterator[Figure]:
        since, until = sending.watch.since, sending.watch.until
        messages = sum(since <= at < until for at in sending.sent)
        untroubled = all(trouble.what == "joined" for trouble in sending.watch.troubles)
        steady = rate.per_second >= _BUSY and untroubled
        calls, refused = site.counter.calls(since, until), site.counter.refused(since, until)
        goal = _CALLS if steady else None
        yield Figure(f"{self.name}.table_calls", calls / messages if messages else _NOT, "per message", goal)
        yield Figure(f"{self.name}.table_calls_refused", refused / calls if calls else _NOT, "of those")

    def _outage(self, sending: Sending, rate: Rate) -> Iterator[Figure]:
        for trouble in sending.watch.troubles:
            if trouble.what == "table away":
                between = use_between(sending.sent, *_middle(trouble), rate, GUARD)
                silence = longest_silence(sending.sent, trouble.at, sending.watch.until)
                yield Figure(f"{self.name}.use_in_the_outage", between, "of the guarded limit", _AWAY)
                yield Figure(f"{self.name}.longest_silence", silence, "s")

    def _counted(self, sending: Sending) -> Iterator[Figure]:
        whats = [trouble.what for trouble in sending.watch.troubles]
        for what in ("killed", "stood still"):
            if what in whats:
                yield Figure(f"{self.name}.{what.replace(' ', '_')}", whats.count(what), "workers")


def _middle(trouble: Trouble) -> tuple[float, float]:
    """The middle half, less what it takes until a task may believe that the table is away for all."""
    quarter = (trouble.until - trouble.at) / 4
    return trouble.at + max(quarter, _BELIEVED), trouble.until - quarter


def _remark(figure: Figure) -> str:
    return f"{figure.name.rpartition('.')[2].replace('_', ' ')} {figure.value:.2g}"
