"""One worker, and beside it what people write instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.limit import beside, told
from benchmarks.limit.kept import use, use_between
from benchmarks.limit.kind import Kind
from benchmarks.limit.machine import Machine
from benchmarks.limit.place import Place
from benchmarks.limit.result import GUARD, Result, Seen
from benchmarks.limit.sending import Sending, Watch
from benchmarks.limit.site import Site, alone
from worker.model.rate import Rate, parse_rate

_SPARE = 1.2  # times what may be sent: the queue is never empty
_START = 5.0  # seconds
_FAST = 500.0  # a second: two such senders are too much for two cores at a time


@dataclass(frozen=True, slots=True)
class Alone:
    """One worker's row."""

    name: str
    rate: object  # as in a topology
    seconds: float
    quick: float
    least_use: float = 0.99
    concurrency: int = 20
    multiplied: bool = False  # also the whole limit for each of eight workers

    @property
    def group(self) -> str:
        """What it is drawn with."""
        return "one worker"

    async def watch(self, place: Place, seconds: float) -> Result:
        """Send for so long; where the machine can, aiolimiter sends at the same time."""
        rate = parse_rate(self.rate)
        ours, theirs = self._sluice(place, rate, seconds), beside.aiolimiter(place, self.name, rate, seconds)
        if rate.per_second < _FAST:
            (seen, busy), bare = await asyncio.gather(ours, theirs)
        else:
            (seen, busy), bare = await ours, await theirs
        others = [bare, *([await beside.each_of_many(place, self.name, rate)] if self.multiplied else ())]
        figures = [*told.ours(self.name, rate, seen), *busy]
        for other in others:
            figures += told.others(self.name, rate, other)
        figures.append(Figure(f"{self.name}.aiolimiter.use_later", _later(bare, rate), "of the guarded limit"))
        remark = (
            "" if rate.per_second < _FAST else ", ".join(f"{each.value:.0%} {each.unit}" for each in busy) + " busy"
        )
        return Result(self.name, self.group, rate, [seen, *others], figures, remark)

    async def _sluice(self, place: Place, rate: Rate, seconds: float) -> tuple[Seen, list[Figure]]:
        messages = int(_SPARE * (rate.per_second * (_START + seconds) + rate.windows[0].limit))
        kind = Kind(self.rate, messages, concurrency=self.concurrency)
        desk = place.desk(self.name)
        async with alone(place.emulator, place.prefix(self.name), kind, desk) as site:
            since = await site.join()
            before = Machine.now(_pid(site))
            await asyncio.sleep(seconds)
            after = Machine.now(_pid(site))
            requests = await desk.requests()
        sending = Sending(requests, Watch(min(request.sent for request in requests), since + seconds))
        busy = Figure(f"{self.name}.machine_busy", before.busy_until(after), "of all cores")
        own = Figure(f"{self.name}.worker_busy", before.process_until(after), "of a core")
        seen = Seen("Sluice", sending, use(sending.sent, sending.watch, rate, GUARD), self.least_use)
        return seen, [busy, own]


def _later(seen: Seen, rate: Rate) -> float:
    """In the second half, when its first burst is over: at a fast limit what the machine lets through."""
    watch = seen.sending.watch
    return use_between(seen.sending.sent, (watch.since + watch.until) / 2, watch.until, rate, GUARD)


def _pid(site: Site) -> int:
    return site.crew.hands[0].process.pid
