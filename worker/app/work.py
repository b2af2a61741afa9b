"""From a topology to running pipelines."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from worker import __version__
from worker.app.identity import task_id
from worker.app.interruption import unless_stopped
from worker.app.keepers import Keepers
from worker.app.limiters import Ground, TopologyLimiters
from worker.app.reporting import Reporting
from worker.aws.attempts import TableAttempts
from worker.aws.ledger import TableLedger
from worker.aws.reports import TableReports
from worker.aws.s3 import S3Blobs
from worker.aws.secrets import CachedSecrets, SecretsManager
from worker.aws.session import Aws
from worker.aws.sqs import Sqs
from worker.aws.statetable import StateTable
from worker.model.disposition import Policy, most_receives
from worker.model.events import WorkerStarted
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.naming import Naming, parse_naming
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.dedup import Mode
from worker.pipeline.delivery import Rules
from worker.pipeline.gate import Gate, Limits
from worker.pipeline.limiter import Limiters
from worker.pipeline.permits import Look
from worker.pipeline.pipeline import Pipeline, Plan
from worker.pipeline.polls import Polls
from worker.pipeline.settler import Ports
from worker.pipeline.stop import Stop
from worker.ports import Attempts, Blobs, Clock, Publications, Secrets, SecretText, Telemetry, Vendor, VendorContext
from worker.publish.publications import TopologyPublications
from worker.settings import Topology, VendorSettings
from worker.supervisor import Lane, Supervisor, Times
from worker.vendors.lib import adapters
from worker.vendors.lib.rest import RestVendor


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: listeners to events, to the turns of receive loops, and to pipelines, which can be asked."""

    telemetry: Telemetry
    beat: Callable[[str], None]
    show: Callable[[Pipeline], None] = lambda _pipeline: None


_TIMEOUT_SLACK = 2.0  # seconds; for adapters without a timeout of their own, which would come first and say more


async def work(topology: Topology, vendors: Sequence[str], *, aws: Aws, stop: Stop, clock: Clock, watch: Watch) -> None:
    """Drain these vendors' queues until `stop`, which cuts the start short; raises as `run` does."""
    async with AsyncExitStack() as stack:
        polling = await stack.enter_async_context(asyncio.TaskGroup())
        keepers = await stack.enter_async_context(Keepers())  # here: a group cancels the task that has entered it

        async def start() -> Sequence[Lane]:
            shared = await _shared(topology, aws, clock, watch, stack=stack, keepers=keepers)
            lanes = await asyncio.gather(*(_lane(shared, name, polling) for name in vendors))
            watch.telemetry.emit(WorkerStarted(__version__, ", ".join(vendors)))
            await _report(shared, lanes)
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
    limiters: TopologyLimiters


async def _shared(
    topology: Topology, aws: Aws, clock: Clock, watch: Watch, *, stack: AsyncExitStack, keepers: Keepers
) -> Shared:
    publications = await stack.enter_async_context(TopologyPublications(topology, aws))
    has_secrets = any(vendor.secret for vendor in topology.vendors.values())
    secrets = await SecretsManager.open(aws) if has_secrets else None
    table = await StateTable.open(aws, Names(topology.sluice.name).table, clock) if topology.sluice.table else None
    limiters = TopologyLimiters(Ground(topology, table, clock, watch.telemetry, keepers, stack))
    blobs = await _blobs(topology, aws)
    return Shared(topology, aws, clock, watch, stack, publications, blobs, secrets, table, limiters)


async def _blobs(topology: Topology, aws: Aws) -> Blobs | None:
    if not topology.sluice.bucket:
        return None
    bucket = Names(topology.sluice.name).bucket(await aws.account(), aws.region)
    return await S3Blobs.open(aws, bucket, frozenset(topology.sluice.claim_buckets))


async def _lane(shared: Shared, name: str, polling: asyncio.TaskGroup) -> Lane:
    settings, clock, telemetry = _entry(shared.topology, name), shared.clock, shared.watch.telemetry
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
        Gate(name, limits_of(settings, await shared.limiters.of(name, settings)), clock=clock, telemetry=telemetry),
        _attempts(shared, name),
        clock=clock,
        telemetry=telemetry,
        beat=partial(shared.watch.beat, name),
    )
    shared.watch.show(pipeline)
    return Lane(pipeline, Polls(name, queue, polling, telemetry))


def _entry(topology: Topology, name: str) -> VendorSettings:
    """The entry, with what this task may do of it."""
    return topology.vendors[name].model_copy(update={"concurrency": topology.concurrency(name)})


async def _report(shared: Shared, lanes: Sequence[Lane]) -> None:
    """Where there is a state table, tell it from now on what this task does."""
    if shared.table is None:
        return
    reports, pipelines = TableReports(shared.table, shared.clock), [lane.pipeline for lane in lanes]
    reporting = Reporting(
        task_id(os.environ),
        pipelines,
        reports,
        fellows=shared.limiters.fellows,
        clock=shared.clock,
        telemetry=shared.watch.telemetry,
    )
    await shared.stack.enter_async_context(reporting)


def _attempts(shared: Shared, name: str) -> Attempts:
    away = MemoryAttempts(shared.clock)
    if shared.table is None:
        return away
    return TableAttempts(
        shared.table, VendorName(name), clock=shared.clock, away=away, telemetry=shared.watch.telemetry
    )


async def _vendor(shared: Shared, name: str, settings: VendorSettings) -> Vendor[Any, Any, Any]:
    secret = await _secret(shared, settings)
    context = VendorContext(
        VendorName(name), settings.timeout, settings.concurrency, endpoint=settings.endpoint, secret=secret
    )
    return adapters.build(settings.adapter, settings.options, context)


async def _secret(shared: Shared, settings: VendorSettings) -> SecretText | None:
    if settings.secret is None or shared.secrets is None:
        return None
    fixed = None if parse_naming("secret", settings.secret).has_fields else settings.secret
    secret = await shared.stack.enter_async_context(CachedSecrets(shared.secrets, shared.clock, fixed=fixed))
    if fixed is not None:
        await secret()  # one that is not there is told at the start, not at the first message
    return secret


def look_of(settings: VendorSettings) -> Look:
    """How far permits look: a receiver more for each twenty requests at once."""
    receivers = max(1, min(8, settings.concurrency // 20))
    return Look(settings.look_ahead.total_seconds(), settings.concurrency, receivers)


def limits_of(settings: VendorSettings, limiters: Limiters) -> Limits:
    """What the entry says about its limits, with those that it may share."""
    return Limits(
        settings.concurrency,
        rate_per_key=settings.rate_per_key,
        guard=settings.guard.total_seconds(),
        paused=settings.paused,
        limiters=limiters,
    )


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
        rate=settings.rate,
        visibility=settings.visibility,
        payload=adapters.find(settings.adapter).Payload,
        open_envelopes=settings.envelope == "auto",
        dedup=None if dedup == "off" else Mode(dedup),
        longest=None if isinstance(vendor, RestVendor) else settings.timeout.total_seconds() + _TIMEOUT_SLACK,
        limit=_by_payload("limit_key", settings.limit_key),
        secret=_by_payload("secret", settings.secret),
    )


def _by_payload(key: str, text: str | None) -> Naming | None:
    """What a name says, where it depends on the payload."""
    naming = None if text is None else parse_naming(key, text)
    return naming if naming and naming.has_fields else None
