"""From a topology to running pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from worker import __version__
from worker.app.interruption import unless_stopped
from worker.aws.attempts import TableAttempts
from worker.aws.ledger import TableLedger
from worker.aws.s3 import S3Blobs
from worker.aws.secrets import CachedSecret, SecretsManager
from worker.aws.session import Aws
from worker.aws.sqs import Sqs
from worker.aws.statetable import StateTable
from worker.model.disposition import Policy, most_receives
from worker.model.events import WorkerStarted
from worker.model.message import VendorName
from worker.model.names import Names
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.dedup import Mode
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Gate, Limits
from worker.pipeline.permits import Look
from worker.pipeline.pipeline import Pipeline, Plan
from worker.pipeline.polls import Polls
from worker.pipeline.settler import Ports
from worker.pipeline.stop import Stop
from worker.pipeline.throttle import Throttle
from worker.ports import Attempts, Blobs, Clock, Publications, Secrets, Telemetry, Vendor, VendorContext
from worker.publish.publications import TopologyPublications
from worker.settings import Topology, VendorSettings
from worker.supervisor import Lane, Supervisor, Times
from worker.vendors.lib import adapters
from worker.vendors.lib.rest import RestVendor


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: listeners to events, to the turns of receive loops, and to what is held."""

    telemetry: Telemetry
    beat: Callable[[str], None]
    held: Callable[[str, Callable[[], int]], None]


_TIMEOUT_SLACK = 2.0  # seconds; for adapters without a timeout of their own, which would come first and say more


async def work(topology: Topology, vendors: Sequence[str], *, aws: Aws, stop: Stop, clock: Clock, watch: Watch) -> None:
    """Drain these vendors' queues until `stop`, which cuts the start short; raises as `run` does."""
    async with AsyncExitStack() as stack:
        polling = await stack.enter_async_context(asyncio.TaskGroup())

        async def start() -> Sequence[Lane]:
            shared = await _shared(topology, aws, clock, watch, stack)
            lanes = await asyncio.gather(*(_lane(shared, name, polling) for name in vendors))
            watch.telemetry.emit(WorkerStarted(__version__, ", ".join(vendors)))
            return lanes

        lanes = await unless_stopped(stop, start()) or ()
        polls = [topology.vendors[name].poll.total_seconds() for name in vendors]
        grace, flush = topology.sluice.grace.total_seconds(), topology.sluice.flush.total_seconds()
        times = Times(grace=grace, poll=max(polls), flush=flush)
        await Supervisor(stop, times, clock=clock, telemetry=watch.telemetry).run(lanes)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all pipelines use."""

    topology: Topology
    aws: Aws
    clock: Clock
    watch: Watch
    stack: AsyncExitStack
    publications: Publications
    blobs: Blobs | None
    secrets: Secrets | None
    table: StateTable | None


async def _shared(topology: Topology, aws: Aws, clock: Clock, watch: Watch, stack: AsyncExitStack) -> Shared:
    publications = await stack.enter_async_context(TopologyPublications(topology, aws))
    has_secrets = any(vendor.secret for vendor in topology.vendors.values())
    secrets = await SecretsManager.open(aws) if has_secrets else None
    table = await StateTable.open(aws, Names(topology.sluice.name).table, clock) if topology.sluice.table else None
    return Shared(topology, aws, clock, watch, stack, publications, await _blobs(topology, aws), secrets, table)


async def _blobs(topology: Topology, aws: Aws) -> Blobs | None:
    if not topology.sluice.bucket:
        return None
    bucket = Names(topology.sluice.name).bucket(await aws.account(), aws.region)
    return await S3Blobs.open(aws, bucket, frozenset(topology.sluice.claim_buckets))


async def _lane(shared: Shared, name: str, polling: asyncio.TaskGroup) -> Lane:
    settings, clock, telemetry = shared.topology.vendors[name], shared.clock, shared.watch.telemetry
    look = look_of(settings)
    sqs = await Sqs.open(shared.aws, name, telemetry=telemetry, receivers=look.receivers, wait=settings.poll)
    names = Names(shared.topology.sluice.name)
    queue = await sqs.queue(names.queue(name), visibility=settings.visibility, clock=clock)
    ports = Ports(
        queue=queue,
        outbox=await sqs.outbox(names.queue(name)),
        graves=await sqs.outbox(names.dead_letters(name)),
        publications=shared.publications,
        blobs=shared.blobs,
        ledger=TableLedger(shared.table, VendorName(name), clock) if shared.table else None,
    )
    vendor = await _vendor(shared, name, settings)
    receives = await sqs.most_receives(names.queue(name))
    pipeline = Pipeline(
        plan_of(name, settings, vendor, has_table=shared.table is not None, receives=receives),
        vendor,
        ports,
        Gate(name, limits_of(settings, clock), clock=clock, telemetry=telemetry),
        _attempts(shared, name),
        clock=clock,
        telemetry=telemetry,
        beat=partial(shared.watch.beat, name),
    )
    shared.watch.held(name, lambda: pipeline.held)
    return Lane(pipeline, Polls(name, queue, polling, telemetry))


def _attempts(shared: Shared, name: str) -> Attempts:
    away = MemoryAttempts(shared.clock)
    if shared.table is None:
        return away
    return TableAttempts(
        shared.table, VendorName(name), clock=shared.clock, away=away, telemetry=shared.watch.telemetry
    )


async def _vendor(shared: Shared, name: str, settings: VendorSettings) -> Vendor[Any, Any, Any]:
    secret = None
    if settings.secret is not None and shared.secrets is not None:
        secret = await shared.stack.enter_async_context(CachedSecret(shared.secrets, settings.secret, shared.clock))
        await secret()  # a secret that is not there is told at the start, not at the first message
    context = VendorContext(
        VendorName(name), settings.timeout, settings.concurrency, endpoint=settings.endpoint, secret=secret
    )
    return adapters.build(settings.adapter, settings.options, context)


def look_of(settings: VendorSettings) -> Look:
    """How far permits look: a receiver more for each twenty requests at once."""
    receivers = max(1, min(8, settings.concurrency // 20))
    return Look(settings.look_ahead.total_seconds(), settings.concurrency, receivers)


def limits_of(settings: VendorSettings, clock: Clock) -> Limits:
    """The entry's limits."""
    guard = settings.guard.total_seconds()
    throttle = (
        None if settings.rate is None else Throttle(settings.rate, guard=guard, clock=clock, burst=settings.burst)
    )
    return Limits(settings.concurrency, throttle, settings.rate_per_key, guard, paused=settings.paused)


def plan_of(
    name: str,
    settings: VendorSettings,
    vendor: Vendor[Any, Any, Any],
    *,
    has_table: bool = False,
    receives: int | None = None,
) -> Plan:
    """The entry in the pipeline's words; `receives`: its queue's maxReceiveCount, if that is known."""
    default = "redelivery" if has_table and not vendor.traits.idempotent else "off"
    dedup = settings.dedup or default
    bury_ambiguous = settings.on_ambiguous == "bury" and not vendor.traits.idempotent
    policy = Policy(settings.max_attempts, settings.give_up_after, bury_ambiguous)
    return Plan(
        name=name,
        look=look_of(settings),
        rules=Rules(
            policy,
            max_age=settings.max_age,
            receives=receives or most_receives(settings.max_attempts),
            budget=settings.budget.total_seconds(),
        ),
        visibility=settings.visibility,
        payload=adapters.find(settings.adapter).Payload,
        open_envelopes=settings.envelope == "auto",
        dedup=None if dedup == "off" else Mode(dedup),
        longest=None if isinstance(vendor, RestVendor) else settings.timeout.total_seconds() + _TIMEOUT_SLACK,
    )
