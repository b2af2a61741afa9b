"""One run's place: a topology on the embedded AWS behind a fault proxy, its workers, its vendor and their history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from benchmarks.chaos.crew import Crew, dismissed
from benchmarks.chaos.remains import found
from benchmarks.emulator import way_to
from worker.aws.session import Aws
from worker.local.depths import Depth, Depths
from worker.local.faultproxy import FaultProxy, Seen
from worker.local.faults import Plan
from worker.local.history import Arrived, History
from worker.local.promises import Judgement, judge
from worker.local.stack import EmbeddedAws
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SENDER, SimulatedVendor
from worker.local.witness import Witness
from worker.model.errors import SluiceError
from worker.ops.up import up
from worker.publish import Entry, Publisher
from worker.settings import Topology, load

VENDOR = "sink"
VISIBILITY = 7.0  # seconds; short, so that what a dead worker held comes again soon
_PUBLISHER = "publisher"
_TOPOLOGY = """
[sluice]
name = "{name}"
grace = "3s"
flush = "3s"
health_port = 0

[vendors.{vendor}]
adapter = "{adapter}"
poll = "1s"
timeout = "1.5s"
visibility = "{visibility:.0f}s"
concurrency = 10
options = {{ url = "{url}/messages", idempotency_header = "Idempotency-Key" }}
"""


class NotDrainedError(SluiceError):
    """Messages are still in the queue long after the trouble was over."""


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

    async def publish_steadily(self, seconds: float, per_second: int) -> None:
        """Publish for so long."""
        began = monotonic()
        while (now := monotonic()) < began + seconds:
            due = int((now - began) * per_second) - self.published
            if due > 0:
                await self.publish(due)
            await asyncio.sleep(0.25)

    async def depth(self) -> Depth:
        """What is in the queue and in the dead-letter queue."""
        return (await self.depths.ask())[VENDOR]

    async def drained(self, within: float) -> None:
        """Return when every message has left the queue; raises NotDrainedError."""
        until = monotonic() + within
        while (depth := await self.depth()).left:
            if monotonic() > until:
                raise NotDrainedError(f"{depth.left} messages are left after {within:g} s: {depth}")
            await asyncio.sleep(0.25)

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
async def opened(
    stack: EmbeddedAws, name: str, behaviour: Behaviour, *, adapter: str = "http", seed: int = 0
) -> AsyncIterator[Site]:
    """Provision it; no worker runs yet."""
    history, plan, vendor = History(), Plan(seed), SimulatedVendor(behaviour)
    async with AsyncExitStack() as open_things:
        enter = open_things.enter_async_context
        folder = Path(open_things.enter_context(TemporaryDirectory(prefix=f"sluice-chaos-{name}-")))
        (url,) = (await enter(hosted([vendor]))).values()
        (folder / "sluice.toml").write_text(
            _TOPOLOGY.format(name=name, vendor=VENDOR, adapter=adapter, visibility=VISIBILITY, url=url)
        )
        topology = load(folder / "sluice.toml", environ={})
        aws = await enter(stack.aws())
        await up(topology, aws)
        gates = _Gates(history)
        proxy = await enter(FaultProxy(stack.endpoint, plan, gates.see))
        publisher_aws = await enter(way_to(await proxy.door(_PUBLISHER)))
        publisher = await enter(Publisher(topology, aws=publisher_aws))

        async def environ(who: str) -> Mapping[str, str]:
            variables = {**stack.environment, "AWS_ENDPOINT_URL": await proxy.door(who)}
            return variables | {f"SLUICE_VENDORS__{VENDOR.upper()}__OPTIONS__HEADERS": json.dumps({SENDER: who})}

        crew = await enter(dismissed(Crew(folder, history, environ, gates.first_receive)))
        yield Site(topology, plan, crew, history, vendor, aws, publisher, await Depths.open(topology, aws))


class _Gates:
    """Sees all calls, and knows who has received."""

    def __init__(self, history: History) -> None:
        self._witness = Witness(history, frozenset({_PUBLISHER}))
        self._received: dict[str, asyncio.Event] = {}

    def see(self, seen: Seen) -> None:
        """Take note of one call."""
        self._witness.see(seen)
        if seen.call.operation == "sqs:ReceiveMessage":
            self._event(seen.door).set()

    async def first_receive(self, who: str) -> None:
        """Wait until its first receive has ended."""
        await self._event(who).wait()

    def _event(self, who: str) -> asyncio.Event:
        return self._received.setdefault(who, asyncio.Event())
