"""`sluice demo`: 2,000 messages, three simulated vendors, the production pipeline, and a report."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

from rich.console import Console

from worker.app.interruption import unless_stopped
from worker.app.work import Watch, work
from worker.aws.session import Aws
from worker.local import view
from worker.local.depths import Depths
from worker.local.progress import Progress
from worker.local.stage import Stage, staged
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import counters
from worker.local.verdict import Evidence, Verdict, judge
from worker.model.rate import parse_rate
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.pipeline.pipeline import Pipeline
from worker.pipeline.stop import Stop
from worker.publish import Entry, Publisher
from worker.settings import load
from worker.supervisor import signals
from worker.telemetry.counts import Counts

TOPOLOGY = Path(__file__).parent.parent / "local" / "demo.toml"
_MOST_SECONDS = 60.0  # from the first publish to the report; then it is said how far it came
_BEHAVIOURS = (
    Behaviour("chat", limit=parse_rate("80/s"), latency=timedelta(milliseconds=20)),
    Behaviour("crm", latency=timedelta(milliseconds=300), failure_ratio=0.05, seed=1),
    Behaviour("ads", limit=parse_rate("60/s"), throttle_every=200, throttle_for=timedelta(seconds=2)),
)


async def demo(*, messages: int = 2000, plain: bool = False) -> Verdict | None:
    """Run it and print what happens; None: it was stopped by a signal."""
    console, stop = Console(), Stop()
    with signals(stop):
        verdict = await unless_stopped(stop, _play(console, messages, live=console.is_terminal and not plain))
    if verdict is None:
        console.print("stopped")
    else:
        view.report(console, verdict)
    return verdict


async def _play(console: Console, messages: int, *, live: bool) -> Verdict:
    topology = load(TOPOLOGY, environ={})
    console.print("starting an embedded AWS and three simulated vendors on 127.0.0.1")
    async with staged(topology, _BEHAVIOURS) as stage, stage.stack.aws() as aws:
        made = await up(stage.topology, aws)
        console.print(f"provisioned {len({change.name for change in made})} AWS resources from {TOPOLOGY.name}")
        scene = Scene(stage, aws)
        entries, published = _messages(messages)
        async with scene.working(), Publisher(stage.topology, aws=aws) as publisher:
            began = monotonic()
            console.print(f"publishing {messages} messages through SNS while the worker drains")
            async with asyncio.TaskGroup() as group:
                publishing = group.create_task(publisher.publish_all(entries))
                await _until_drained(console, scene, published, began, live=live)
                publishing.cancel()
            return judge(await scene.evidence(published), monotonic() - began, most_seconds=_MOST_SECONDS)


class Scene:
    """The worker at work on a stage, and what can be seen of it."""

    def __init__(self, stage: Stage, aws: Aws) -> None:
        self._stage = stage
        self._aws = aws
        self._pipelines: list[Pipeline] = []
        self.counts = Counts()
        self.topology = stage.topology

    @property
    def held(self) -> Mapping[str, int]:
        """Messages in hand, by vendor."""
        return {pipeline.name: pipeline.held for pipeline in self._pipelines}

    def _show(self, pipeline: Pipeline) -> None:
        self._pipelines.append(pipeline)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run the worker, exactly as production does, and stop it as a SIGTERM would."""
        stop = Stop()
        watch = Watch(self.counts, lambda _vendor: None, self._show)
        vendors = list(self.topology.vendors)
        async with asyncio.TaskGroup() as group:
            group.create_task(work(self.topology, vendors, aws=self._aws, stop=stop, clock=SystemClock(), watch=watch))
            try:
                yield
            finally:
                stop.ask("the demo is over")

    async def evidence(self, published: Mapping[str, int]) -> Sequence[Evidence]:
        """What vendors and queues say now."""
        depths = await (await Depths.open(self.topology, self._aws)).ask()
        return [
            Evidence(
                vendor, count, await counters(self._stage.endpoints[vendor]), depths[vendor], self.counts.of(vendor)
            )
            for vendor, count in published.items()
        ]

    async def depths(self) -> Depths:
        """A way to ask the queues again and again."""
        return await Depths.open(self.topology, self._aws)


async def _until_drained(
    console: Console, scene: Scene, published: Mapping[str, int], began: float, *, live: bool
) -> None:
    """Show it until every message has ended, or the time is up."""
    depths = await scene.depths()
    limits = {name: "-" if entry.rate is None else str(entry.rate) for name, entry in scene.topology.vendors.items()}
    progress = Progress(limits)
    pause = 0.5 if live else 2.0
    with (view.table if live else view.lines)(console) as show:
        while (now := monotonic()) - began < _MOST_SECONDS:
            rows = progress.rows(now, scene.counts, scene.held, await depths.ask())
            show(rows, now - began)
            if all(row.delivered + row.buried >= published[row.vendor] for row in rows):
                return
            await asyncio.sleep(pause)


def _messages(count: int) -> tuple[Sequence[Entry], Mapping[str, int]]:
    """Messages for one vendor or several: a filter policy for each queue picks its own; and how many each will get."""
    targets = [[name for name, share in _SHARES.items() if number % 10 < share] for number in range(count)]
    entries = [
        Entry({"to": f"+1555{number:07}", "text": f"message {number}"}, {"target": names}, key=f"demo-{number}")
        for number, names in enumerate(targets)
    ]
    return entries, {name: sum(name in names for names in targets) for name in _SHARES}


_SHARES = {"chat": 10, "crm": 5, "ads": 4}  # of ten messages
