"""One row's place: a topology, a full queue, its desk at the vendor, and worker processes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from benchmarks.chaos.crew import Crew, Hand, WorkerError, dismissed
from benchmarks.chaos.gates import Gates
from benchmarks.limit.counter import Counter
from benchmarks.limit.kind import Kind
from benchmarks.limit.vendor import SENDER, Desk
from benchmarks.queues import VENDOR, Load, fill
from worker.local.faultproxy import FaultProxy, Seen
from worker.local.faults import Plan
from worker.local.history import History
from worker.local.stack import EmbeddedAws
from worker.ops.up import up
from worker.settings import Topology, load

_PATIENCE = 120.0  # seconds: a bound for what hangs, not for what is slow


@dataclass(slots=True)
class Site:
    """Made by `alone` or `shared`."""

    topology: Topology
    desk: Desk
    crew: Crew
    plan: Plan
    history: History
    counter: Counter

    async def join(self, count: int = 1) -> float:
        """Start so many workers; returns when each has sent, which is now. Raises WorkerError."""
        hands = [await self.crew.start() for _ in range(count)]
        await asyncio.gather(*(self._begun(hand) for hand in hands))
        return monotonic()

    async def stop(self) -> None:
        """Stop all workers in order; raises WorkerError where one does not end as it should."""
        await asyncio.gather(*(self.crew.stop(hand) for hand in self.crew.hands))

    async def _begun(self, hand: Hand) -> None:
        begun, end = asyncio.create_task(self.desk.begun(hand.name)), asyncio.create_task(hand.process.wait())
        try:
            await asyncio.wait({begun, end}, return_when=asyncio.FIRST_COMPLETED, timeout=_PATIENCE)
            if not begun.done():
                raise WorkerError(f"{hand.name} sends nothing:\n{hand.log.read_text(errors='replace')[-2000:]}")
        finally:
            begun.cancel()
            end.cancel()


@asynccontextmanager
async def alone(endpoint: str, name: str, kind: Kind, desk: Desk) -> AsyncIterator[Site]:
    """A site without a state table, whose workers go to AWS straight."""

    async def door(_who: str) -> str:
        return endpoint

    with TemporaryDirectory(prefix=f"sluice-{name}-") as folder:
        topology = _write(Path(folder), kind.topology(name, desk.url, table=False))
        await fill(endpoint, name, Load(kind.messages))
        history = History()
        crew = Crew(Path(folder), history, Gates(history, ""), _environ(door))
        async with dismissed(crew):
            yield Site(topology, desk, crew, Plan(), history, Counter())


@asynccontextmanager
async def shared(stack: EmbeddedAws, name: str, kind: Kind, desk: Desk) -> AsyncIterator[Site]:
    """A site with a state table, whose workers go to AWS through a proxy that counts and can take the table away."""
    async with AsyncExitStack() as open_things:
        enter = open_things.enter_async_context
        folder = Path(open_things.enter_context(TemporaryDirectory(prefix=f"sluice-{name}-")))
        topology = _write(folder, kind.topology(name, desk.url, table=True))
        await up(topology, await enter(stack.aws()))
        await fill(stack.endpoint, name, Load(kind.messages))
        history, plan, counter = History(), Plan(), Counter()
        gates = Gates(history, "")

        def see(seen: Seen) -> None:
            gates.see(seen)
            counter.see(seen)

        proxy = await enter(FaultProxy(stack.endpoint, plan, see))
        crew = await enter(dismissed(Crew(folder, history, gates, _environ(proxy.door))))
        yield Site(topology, desk, crew, plan, history, counter)


def _write(folder: Path, text: str) -> Topology:
    (folder / "sluice.toml").write_text(text)
    return load(folder / "sluice.toml", environ={})


def _environ(door: Callable[[str], Awaitable[str]]) -> Callable[[str], Awaitable[Mapping[str, str]]]:
    async def environ(who: str) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": await door(who),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            f"SLUICE_VENDORS__{VENDOR.upper()}__OPTIONS__HEADERS": json.dumps({SENDER: who}),
        }

    return environ
