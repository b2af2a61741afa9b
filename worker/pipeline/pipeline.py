"""One vendor's way from its queue to its API: own receivers, leases, deliveries; it shares nothing with the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from worker.model.errors import OverdueError
from worker.model.events import PipelineStarted, PipelineStopped
from worker.model.message import Message, ReceiptHandle
from worker.model.naming import Naming
from worker.model.rate import Rate
from worker.model.task import Standing
from worker.pipeline.decoder import Decoder
from worker.pipeline.dedup import Dedup, Mode
from worker.pipeline.delivery import Delivery, Rules, Steps
from worker.pipeline.gate import Gate
from worker.pipeline.guarded import GuardedVendor
from worker.pipeline.leases import Leases
from worker.pipeline.permits import Look, Permits
from worker.pipeline.places import Places
from worker.pipeline.polls import Polls
from worker.pipeline.postponed import Postponed
from worker.pipeline.receiver import Receiver
from worker.pipeline.report import Report
from worker.pipeline.settler import Ports, Settler
from worker.pipeline.stop import Stop
from worker.pipeline.tombstones import Tombstones
from worker.ports import Attempts, Clock, Telemetry, Vendor


class GraceOverError(Exception):
    """Ends the deliveries that are still under way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an entry of the topology says, in the pipeline's words."""

    name: str
    look: Look
    rules: Rules
    visibility: timedelta
    payload: Any  # what pydantic's TypeAdapter takes
    open_envelopes: bool = True
    dedup: Mode | None = None
    longest: float | None = None  # seconds that one vendor request may take at the very most
    limit: Naming | None = None  # where the name of the limit holds payload fields: there is one for each value
    secret: Naming | None = None  # the same for the secret
    rate: Rate | None = None  # for people


class Pipeline:
    """Runs until it is stopped; may be run again after a crash, with its gate and attempts as they were."""

    def __init__(
        self,
        plan: Plan,
        vendor: Vendor[Any, Any, Any],
        ports: Ports,
        gate: Gate,
        attempts: Attempts,
        *,
        clock: Clock,
        telemetry: Telemetry,
        beat: Callable[[], None],
    ) -> None:
        self.name = plan.name
        self._plan = plan
        self._vendor = vendor
        self._ports = ports
        self._gate = gate
        self._attempts = attempts
        self._clock = clock
        self._telemetry = telemetry
        self._beat = beat
        self._places = Places(gate.moved)
        self._tombstones = Tombstones()
        self._postponed = Postponed(clock)
        self._under_way = 0
        self._fresh: dict[ReceiptHandle, Message] = {}  # received, and their delivery has not begun
        self._idle = asyncio.Event()
        self._plenty = asyncio.Event()  # the last receive was full: further receivers poll too

    @property
    def held(self) -> int:
        """Messages in hand: waiting, being sent, being settled."""
        return self._under_way

    @property
    def postponed(self) -> int:
        """Messages that were made invisible here and are not visible again yet."""
        return len(self._postponed)

    @property
    def requests(self) -> int:
        """Vendor requests that have left, in all."""
        return self._gate.requests

    @property
    def request_seconds(self) -> float:
        """Seconds of a vendor request, a moving mean; 0: none was made yet."""
        return self._gate.latency

    @property
    def standing(self) -> Standing:
        """How it stands with its limit."""
        return self._gate.standing(self._plan.rate)

    async def run(self, polls: Polls, stop: Stop) -> None:
        """Receive and deliver until `stop`; then finish or hand back what is held.

        Lifetimes nest: the vendor's connections outlive the settles, those the heartbeats, those the deliveries.
        Raises what crashed it, with all that it held handed back.
        """
        self._places, self._under_way = Places(self._gate.moved), 0
        self._idle.set()
        async with _entered(self._vendor), asyncio.TaskGroup() as settles:
            overdue = settles.create_task(_end(stop.overdue, OverdueError))
            leases = Leases(
                self.name,
                self._ports.queue,
                visibility=self._plan.visibility,
                clock=self._clock,
                telemetry=self._telemetry,
            )
            async with _background(leases.keep()):
                self._telemetry.emit(PipelineStarted(self.name))
                await self._drain(polls, stop, leases, settles)
            overdue.cancel()
        self._telemetry.emit(PipelineStopped(self.name))

    async def _drain(self, polls: Polls, stop: Stop, leases: Leases, settles: asyncio.TaskGroup) -> None:
        try:
            async with asyncio.TaskGroup() as deliveries:
                grace = deliveries.create_task(_end(stop.grace_over, GraceOverError))
                delivery = self._delivery(stop, leases, settles, deliveries)
                async with asyncio.TaskGroup() as receivers:
                    receivers.create_task(self._wake(stop.stopping))
                    for number in range(self._plan.look.receivers):
                        receiver = self._receiver(number, polls, partial(self._begin, delivery, deliveries))
                        receivers.create_task(receiver.run(stop.stopping))
                await self._idle.wait()
                grace.cancel()
        except* GraceOverError:
            pass
        finally:
            if self._fresh:  # a task that is cancelled before its first step does nothing, not even that
                polls.abandon(list(self._fresh.values()))
                self._fresh.clear()

    def _delivery(
        self, stop: Stop, leases: Leases, settles: asyncio.TaskGroup, deliveries: asyncio.TaskGroup
    ) -> Delivery:
        plan, ports, clock, telemetry = self._plan, self._ports, self._clock, self._telemetry
        vendor = GuardedVendor(self.name, self._vendor, telemetry, longest=plan.longest)
        steps = Steps(
            places=self._places,
            leases=leases,
            decoder=Decoder(
                plan.payload,
                scope=vendor.scope,
                blobs=ports.blobs,
                open_envelopes=plan.open_envelopes,
                limit=plan.limit,
                secret=plan.secret,
            ),
            gate=self._gate,
            vendor=vendor,
            attempts=self._attempts,
            settler=Settler(
                self.name, ports, leases, settles, postponed=self._postponed, clock=clock, telemetry=telemetry
            ),
            report=Report(self.name, clock=clock, telemetry=telemetry),
            tombstones=self._tombstones,
            dedup=self._dedup(settles),
        )
        return Delivery(steps, plan.rules, deliveries, clock=clock, stopping=stop.stopping)

    def _dedup(self, settles: asyncio.TaskGroup) -> Dedup | None:
        mode, ledger = self._plan.dedup, self._ports.ledger
        if mode is None or ledger is None:
            return None
        lasting = 3 * self._plan.visibility  # longer than a lease that nobody renews
        return Dedup(self.name, mode, ledger, settles, lasting=lasting, clock=self._clock, telemetry=self._telemetry)

    def _receiver(self, number: int, polls: Polls, begin: Callable[[Sequence[Message]], None]) -> Receiver:
        look = replace(self._plan.look, batch=self._vendor.traits.batch.size)
        return Receiver(
            self.name,
            polls,
            Permits(self._gate, self._places, look, self._beat, self._postponed),
            self._places,
            plenty=self._plenty,
            waits_for_plenty=number > 0,
            begin=begin,
            clock=self._clock,
            telemetry=self._telemetry,
        )

    def _begin(self, delivery: Delivery, deliveries: asyncio.TaskGroup, messages: Sequence[Message]) -> None:
        self._under_way += len(messages)
        self._fresh.update({message.receipt: message for message in messages})
        for message in messages:
            self._idle.clear()
            coroutine = self._deliver(delivery, message)
            try:
                deliveries.create_task(coroutine)
            except RuntimeError:  # the group is being ended
                coroutine.close()

    async def _deliver(self, delivery: Delivery, message: Message) -> None:
        del self._fresh[message.receipt]
        try:
            await delivery.handle(message)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _wake(self, stopping: asyncio.Event) -> None:
        """At a stop, receivers that wait for something else look up."""
        await stopping.wait()
        self._plenty.set()
        self._gate.moved.set()


@asynccontextmanager
async def _entered(vendor: object) -> AsyncIterator[None]:
    """The vendor's own lifetime, if it has one."""
    if isinstance(vendor, AbstractAsyncContextManager):
        async with vendor:
            yield
    else:
        yield


@asynccontextmanager
async def _background(coroutine: Coroutine[None, None, None]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(coroutine)
        try:
            yield
        finally:
            task.cancel()


async def _end(event: asyncio.Event, error: type[Exception]) -> None:
    """End the group that this runs in."""
    await event.wait()
    raise error
