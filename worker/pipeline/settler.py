"""Makes decisions true: publications first, then batched tens, retried until confirmed or the lease is lost."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar, assert_never

from worker.model.burial import epitaph
from worker.model.continuation import Continuation
from worker.model.disposition import Bury, Decision, Delete, Postpone, Renew, Replace
from worker.model.errors import AwsError, BadMessageError
from worker.model.events import AwsCallFailed
from worker.model.message import Attributes, JobKey, Outgoing, Publication
from worker.model.wire import BURIAL, CONTINUATION, MAX_SQS_BYTES, Original, size_of
from worker.pipeline.collector import Collector, confirmed
from worker.pipeline.copies import Copies
from worker.pipeline.leases import Lease, Leases
from worker.pipeline.postponed import Postponed
from worker.ports import Blobs, Clock, EntryFailure, Ledger, Outbox, Publications, Queue, Telemetry

T = TypeVar("T")
_Step = tuple[Lease, Callable[[Sequence[Lease]], Awaitable[Sequence[EntryFailure]]], str]  # a call, and its name

_LINGER = 0.5  # seconds that a delete waits for nine others; its message's heartbeat goes on
_SOON = 0.05  # the same for what is written to the queues: rarer, and others may be waiting for it
_MAX_DELAY = timedelta(minutes=15)  # SQS's DelaySeconds; beyond, the continuation itself says when it is due


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a vendor's messages come from and go to."""

    queue: Queue
    outbox: Outbox  # the same queue: continuations and fresh copies
    graves: Outbox  # the dead-letter queue
    publications: Publications | None = None
    blobs: Blobs | None = None
    ledger: Ledger | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What is to be said of a message at its end."""

    key: JobKey
    cursor: str | None
    failures: int
    attributes: Attributes = field(default_factory=dict)  # the caller's: what rows that go on by themselves inherit
    inherited: Continuation = field(default_factory=Continuation)  # from the message that it replaced


class Settler:
    """Tells SQS. Every method returns only when SQS has confirmed (True) or the lease is lost (False)."""

    def __init__(
        self,
        vendor: str,
        ports: Ports,
        leases: Leases,
        group: asyncio.TaskGroup,
        *,
        postponed: Postponed,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._vendor = vendor
        self._ports = ports
        self._leases = leases
        self._postponed = postponed
        self._clock = clock
        self._telemetry = telemetry
        self._copies = Copies(ports.blobs)
        self._steps = Collector(self._step, group=group, size=1)
        self._deletes = Collector(self._delete, group=group, linger=_LINGER)
        self._late_deletes = Collector(self._delete, group=group, linger=_SOON)
        self._visibilities = Collector(self._show, group=group, linger=_SOON)
        self._sends = Collector(self._send, group=group, linger=_SOON, weigh=_weigh, most=MAX_SQS_BYTES)
        self._burials = Collector(self._bury, group=group, linger=_SOON, weigh=_weigh, most=MAX_SQS_BYTES)

    async def settle(self, lease: Lease, decision: Decision, facts: Account) -> bool:
        """Make a decision true; a cancellation meanwhile is raised only when that is done."""
        if isinstance(decision.disposition, Delete) and not decision.publish and not decision.buried:
            return await confirmed(self._deletion(lease))
        return await confirmed(asyncio.ensure_future(self._carry_out(lease, decision, facts)))

    def _deletion(self, lease: Lease) -> asyncio.Future[bool]:
        """Delete it; what came before waits for few others: it may have come back because its neighbour kills."""
        return (self._deletes if lease.message.receive_count == 1 else self._late_deletes).add(lease)

    async def _carry_out(self, lease: Lease, decision: Decision, facts: Account) -> bool:
        if not await self.publish(lease, decision.publish, facts):
            return False
        for rows in decision.buried:
            if not await self._entomb(lease, rows.burial, facts, rows.body):
                return False
        match decision.disposition:
            case Delete():
                return await self._deletion(lease)
            case Postpone(delay):
                return await self._postpone(lease, delay)
            case Bury() as burial:
                return await self._entomb(lease, burial, facts) and await self._deletion(lease)
            case Replace(cursor, delay, body):
                next_one = Continuation(cursor, facts.failures)
                return await self._replace(lease, facts, next_one, delay, body) and await self._deletion(lease)
            case Renew(delay, suspect):
                next_one = replace(facts.inherited, cursor=facts.cursor, suspect=suspect)
                return await self._replace(lease, facts, next_one, delay) and await self._deletion(lease)
            case _ as never:
                assert_never(never)

    async def publish(self, lease: Lease, publications: Sequence[Publication], facts: Account) -> bool:
        """Publish what follows from a message; its key is derived from the parent's, so a repeat has the same."""
        if not publications:
            return True
        if self._ports.publications is None:
            raise BadMessageError("its outcome publishes, and no topic is configured", code="no_topic")
        sink = self._ports.publications
        keyed = [replace(p, key=p.key or _derived(facts, place)) for place, p in enumerate(publications)]

        async def call(_: Sequence[Lease]) -> Sequence[EntryFailure]:
            await sink.publish(keyed)
            return ()

        return await self._steps.add((lease, call, "Publish"))

    async def _postpone(self, lease: Lease, delay: timedelta) -> bool:
        await self._leases.silence(lease)
        hidden = min(delay, self._leases.longest(lease))
        done = await self._visibilities.add((lease, hidden))
        if done and hidden:
            self._postponed.add(hidden)
        return done

    async def _entomb(self, lease: Lease, burial: Bury, facts: Account, body: str | None = None) -> bool:
        first_seen = _first_sent(lease, facts)
        text = epitaph(burial, vendor=self._vendor, attempts=facts.failures, first_seen=first_seen)
        if (copy := await self._copy(lease, facts, BURIAL, text, body)) is None:
            return False
        return await self._burials.add((copy, lease))

    async def _replace(
        self, lease: Lease, facts: Account, next_one: Continuation, delay: timedelta, body: str | None = None
    ) -> bool:
        due = self._clock.now() + delay if delay > _MAX_DELAY else next_one.due
        text = replace(next_one, due=due, first_sent=_first_sent(lease, facts)).dump()
        if (copy := await self._copy(lease, facts, CONTINUATION, text, body)) is None:
            return False
        return await self._sends.add((replace(copy, delay=min(delay, _MAX_DELAY)), lease))

    async def _copy(self, lease: Lease, facts: Account, name: str, text: str, body: str | None) -> Outgoing | None:
        """A copy of the message, or of `body` in its place; None if it cannot be: the message stays where it is."""
        instead = None if body is None else Original(body, facts.attributes)
        made: list[Outgoing] = []

        async def call(_: Sequence[Lease]) -> Sequence[EntryFailure]:
            try:
                made.append(await self._copies.make(lease.message, name, text, key=facts.key, instead=instead))
            except BadMessageError as error:
                return [EntryFailure(0, error.code, final=True)]
            return ()

        await self._steps.add((lease, call, "PutObject"))
        return made[0] if made else None

    async def _step(self, steps: Sequence[_Step]) -> Sequence[bool]:
        """What is done for one message by itself; in the group, with which it ends though its caller is shielded."""
        [(lease, call, operation)] = steps
        return await self._until_confirmed([lease], lambda each: each, call, operation)

    async def _delete(self, leases: Sequence[Lease]) -> Sequence[bool]:
        async def call(left: Sequence[Lease]) -> Sequence[EntryFailure]:
            return await self._ports.queue.delete([lease.message.receipt for lease in left])

        return await self._until_confirmed(leases, lambda lease: lease, call, "DeleteMessageBatch")

    async def _show(self, items: Sequence[tuple[Lease, timedelta]]) -> Sequence[bool]:
        async def call(left: Sequence[tuple[Lease, timedelta]]) -> Sequence[EntryFailure]:
            return await self._ports.queue.change_visibility([(lease.message.receipt, delay) for lease, delay in left])

        return await self._until_confirmed(items, lambda item: item[0], call, "ChangeMessageVisibilityBatch")

    async def _send(self, items: Sequence[tuple[Outgoing, Lease]]) -> Sequence[bool]:
        return await self._post(self._ports.outbox, items)

    async def _bury(self, items: Sequence[tuple[Outgoing, Lease]]) -> Sequence[bool]:
        return await self._post(self._ports.graves, items)

    async def _post(self, outbox: Outbox, items: Sequence[tuple[Outgoing, Lease]]) -> Sequence[bool]:
        async def call(left: Sequence[tuple[Outgoing, Lease]]) -> Sequence[EntryFailure]:
            return await outbox.send([outgoing for outgoing, _ in left])

        return await self._until_confirmed(items, lambda item: item[1], call, "SendMessageBatch")

    async def _until_confirmed(
        self,
        items: Sequence[T],
        lease_of: Callable[[T], Lease],
        call: Callable[[Sequence[T]], Awaitable[Sequence[EntryFailure]]],
        operation: str,
    ) -> Sequence[bool]:
        """Call until every entry is confirmed, refused for good, or its lease has ended."""
        results = [False] * len(items)
        left = list(range(len(items)))
        tries = 0
        while left := [place for place in left if self._leases.alive(lease_of(items[place]))]:
            failures = await self._try([items[place] for place in left], call, operation)
            failed = {failure.index for failure in failures}
            for index, place in enumerate(left):
                results[place] = index not in failed
            left = [left[failure.index] for failure in failures if not failure.final]
            if left:
                tries += 1
                await asyncio.sleep(min(5.0, 0.1 * 2**tries) * random.uniform(0.5, 1))  # noqa: S311 - jitter
        return results

    async def _try(
        self, items: Sequence[T], call: Callable[[Sequence[T]], Awaitable[Sequence[EntryFailure]]], operation: str
    ) -> Sequence[EntryFailure]:
        try:
            failures = await call(items)
        except AwsError as error:
            failures = [EntryFailure(index, error.code, final=False) for index in range(len(items))]
        if failures:
            self._telemetry.emit(AwsCallFailed(self._vendor, operation, failures[0].code, len(failures)))
        return failures


def _first_sent(lease: Lease, facts: Account) -> datetime:
    return facts.inherited.first_sent or lease.message.sent_at


def _weigh(item: tuple[Outgoing, Lease]) -> int:
    return size_of(item[0].body, item[0].attributes)


def _derived(facts: Account, place: int) -> JobKey:
    """A cursor is told by its digest: it may be long, or hold what SNS does not take."""
    cursor = "" if facts.cursor is None else f":{hashlib.sha256(ascii(facts.cursor).encode()).hexdigest()[:16]}"
    return JobKey(f"{facts.key}{cursor}:{place}")
