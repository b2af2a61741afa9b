"""One run's place: a topology on the embedded AWS behind a fault proxy, its workers, its vendor and their history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Literal

from benchmarks.chaos.crew import Crew, dismissed
from benchmarks.chaos.gates import Gates, WatchedVendor
from benchmarks.chaos.remains import found
from benchmarks.chaos.stalls import stalls_noted
from benchmarks.emulator import way_to
from worker.aws.session import Aws
from worker.local.depths import Depth, Depths
from worker.local.faultproxy import FaultProxy
from worker.local.faults import Plan
from worker.local.history import Arrived, History
from worker.local.promises import Judgement, judge
from worker.local.stack import EmbeddedAws
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SENDER, SimulatedVendor
from worker.model.errors import SluiceError
from worker.ops.up import up
from worker.publish import Entry, Pace, Publisher
from worker.settings import Topology, load

VENDOR = "sink"
VISIBILITY = 7.0  # seconds; as short as `check` allows, so that what a dead worker held comes again soon
_PUBLISHER = "publisher"
_STUCK = 120.0  # seconds in which no message at all has left the queue
_PACE = Pace(deadline=timedelta(minutes=2))  # for a machine that is slow besides
_TOPOLOGY = """
[sluice]
name = "{name}"
grace = "9s"
flush = "20s"
health_port = 0
table = {table}

[vendors.{vendor}]
adapter = "{adapter}"
poll = "1s"
timeout = "1.5s"
visibility = "{visibility:.0f}s"
concurrency = 20
dedup = "{dedup}"
options = {{ url = "{url}/messages", idempotency_header = "Idempotency-Key" }}
"""


class NotDrainedError(SluiceError):
    """Messages are still in the queue long after the trouble was over."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What vendor, adapter and ledger a site has."""

    behaviour: Behaviour = field(default_factory=lambda: Behaviour(VENDOR, latency=timedelta(milliseconds=150)))
    adapter: str = "http"
    dedup: Literal["off", "redelivery", "strict"] = "off"

    def topology(self, name: str, url: str) -> str:
        """The file; one with a ledger has a state table."""
        return _TOPOLOGY.format(
            name=name,
            vendor=VENDOR,
            adapter=self.adapter,
            visibility=VISIBILITY,
            dedup=self.dedup,
            table=str(self.dedup != "off").lower(),
            url=url,
        )


@dataclass(slots=True)
class Site:
    """Made by `opened`."""

    topology: Topology
    plan: Plan
    crew: Crew
    history: History
    vendor: SimulatedVendor
    aws: Aws  # the way past the proxy
    publisher: Publisher
    depths: Depths
    published: int = 0

    async def publish(self, count: int, payload: Mapping[str, str] | None = None) -> None:
        """Publish so many, as callers do, and return when SNS has them all."""
        first = self.published + 1
        self.published += count
        body = dict(payload or {"text": "hello"})
        await self.publisher.publish_all(Entry(body, key=f"m-{number}") for number in range(first, first + count))

    @asynccontextmanager
    async def publishing(self, per_second: int) -> AsyncIterator[None]:
        """Publish steadily for as long as this is entered; SNS has all of it when it is left."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish_until(over, per_second))
            yield
            over.set()

    async def _publish_until(self, over: asyncio.Event, per_second: int) -> None:
        began, done = monotonic(), 0
        while not over.is_set():
            await asyncio.sleep(0.25)
            due = int((monotonic() - began) * per_second)
            await self.publish(due - done)
            done = due

    async def depth(self) -> Depth:
        """What is in the queue and in the dead-letter queue."""
        return (await self.depths.ask())[VENDOR]

    async def drained(self) -> None:
        """Return when every message has left the queue; raises NotDrainedError once none does any more."""
        least, until = self.published + 1, monotonic() + _STUCK
        while (left := (await self.depth()).left) and monotonic() < until:
            if left < least:
                least, until = left, monotonic() + _STUCK
            await asyncio.sleep(0.25)
        if left:
            raise NotDrainedError(f"{left} messages are left, and none has gone for {_STUCK:g} s: {await self.depth()}")

    async def judge(self) -> Judgement:
        """Stop all workers in order, and say what the history says."""
        await asyncio.gather(*(self.crew.stop(hand) for hand in self.crew.hands))
        for arrival in self.vendor.arrivals:
            told = Arrived(
                arrival.at, arrival.answered, arrival.sender or "", arrival.key or "", arrival.status, arrival.heard
            )
            self.history.record(told)
        for event in await found(self.aws, self.topology, VENDOR):
            self.history.record(event)
        return judge(self.history)


@asynccontextmanager
async def opened(stack: EmbeddedAws, name: str, kind: Kind, *, seed: int = 0) -> AsyncIterator[Site]:
    """Provision it; no worker runs yet."""
    history, plan = History(), Plan(seed)
    gates = Gates(history, _PUBLISHER)
    vendor = WatchedVendor(kind.behaviour, gates)
    async with AsyncExitStack() as open_things:
        enter = open_things.enter_async_context
        folder = Path(open_things.enter_context(TemporaryDirectory(prefix=f"sluice-chaos-{name}-")))
        await enter(stalls_noted(history))
        (url,) = (await enter(hosted([vendor]))).values()
        (folder / "sluice.toml").write_text(kind.topology(name, url))
        topology = load(folder / "sluice.toml", environ={})
        aws = await enter(stack.aws())
        await up(topology, aws)
        proxy = await enter(FaultProxy(stack.endpoint, plan, gates.see))
        publisher_aws = await enter(way_to(await proxy.door(_PUBLISHER)))
        publisher = await enter(Publisher(topology, aws=publisher_aws, pace=_PACE))

        async def environ(who: str) -> Mapping[str, str]:
            variables = {**stack.environment, "AWS_ENDPOINT_URL": await proxy.door(who)}
            return variables | {f"SLUICE_VENDORS__{VENDOR.upper()}__OPTIONS__HEADERS": json.dumps({SENDER: who})}

        crew = await enter(dismissed(Crew(folder, history, gates, environ)))
        yield Site(topology, plan, crew, history, vendor, aws, publisher, await Depths.open(topology, aws))
