"""One message from its receive to its settle: the whole program, on one page."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from worker.model.disposition import Bury, Decision, Failures, Policy, Postpone, Renew, Replace, dispose, is_failure
from worker.model.errors import AwsError, BadMessageError
from worker.model.message import NOTHING, Message
from worker.model.outcome import Ambiguous, Blocked, Continue, Delivered, Outcome, Rejected, RetryAfter, Throttled
from worker.pipeline.batcher import Batcher
from worker.pipeline.closed import ClosedError
from worker.pipeline.collector import confirmed
from worker.pipeline.decoder import Decoder, inherited, key_of
from worker.pipeline.dedup import Dedup
from worker.pipeline.gate import Gate
from worker.pipeline.guarded import AdapterError, GuardedVendor
from worker.pipeline.held import Held
from worker.pipeline.leases import Leases
from worker.pipeline.places import Places
from worker.pipeline.report import Report
from worker.pipeline.settler import Settler
from worker.pipeline.suspects import Suspects
from worker.pipeline.tombstones import Tombstones
from worker.pipeline.way import Way
from worker.ports import Attempts, Clock

_FETCH_AGAIN = 30.0  # seconds after a claim check that could not be fetched
_SOON = timedelta(seconds=1)  # a continuation that is due within this is not put off again
_JITTER, _MOST_JITTER = 0.1, 30.0  # part of a wait for the gate, and seconds: not all comes back at once


@dataclass(frozen=True, slots=True)
class Rules:
    """What an entry of the topology says of one message's delivery."""

    policy: Policy
    max_age: timedelta | None = None
    receives: int = 20  # the queue's maxReceiveCount
    budget: float = 900.0  # seconds in hand; after that a long job's continuation is sent
    pause: float = 2.0  # seconds between two rounds that are waited for in hand


@dataclass(frozen=True, slots=True)
class Steps:
    """What a message goes through."""

    places: Places
    leases: Leases
    decoder: Decoder
    gate: Gate
    vendor: GuardedVendor
    attempts: Attempts
    settler: Settler
    report: Report
    tombstones: Tombstones
    dedup: Dedup | None = None


class Delivery:
    """Delivers one vendor's messages, each in a task of its own."""

    def __init__(
        self, steps: Steps, rules: Rules, group: asyncio.TaskGroup, *, clock: Clock, stopping: asyncio.Event
    ) -> None:
        self._steps = steps
        self._rules = rules
        self._clock = clock
        self._stopping = stopping
        self._batcher = Batcher(steps.vendor.traits.batch, self.talk, group)
        self._suspects = Suspects(steps.places, steps.report, receives=rules.receives)

    async def handle(self, message: Message) -> None:
        """Design section 4 from the lease on; its place was taken by the receive."""
        steps = self._steps
        lease = steps.leases.hold(message, asyncio.current_task())
        since = self._clock.monotonic()
        held = Held(message, lease, key_of(message), since=since, continuation=inherited(message))
        try:
            try:
                outcome = await self._outcome(held)
                decision = await self._dispose(held, outcome)
            finally:
                steps.places.free()
        except asyncio.CancelledError:
            if not lease.lost:  # the grace is over; of a lost one nothing more is said
                await self._hand_back(held)
            raise
        else:
            await self._settle(held, outcome, decision)
        finally:
            steps.leases.release(lease)
            steps.places.leave()
            if steps.dedup:
                steps.dedup.done(held)

    async def _settle(self, held: Held, outcome: Outcome, decision: Decision) -> None:
        steps = self._steps
        try:
            if isinstance(outcome, Delivered):
                decision = await self._make_known(held, decision)
            done = await self._carry_out(held, decision)
        except BadMessageError as error:  # what the adapter would publish can never be
            outcome, decision = Rejected(error.reason, error.code), Decision(Bury(error.reason, error.code))
            done = await steps.settler.settle(held.lease, decision, held.account)
        if done:
            await self._close(held, outcome, decision)

    async def _carry_out(self, held: Held, decision: Decision) -> bool:
        """Settle it; it, or what takes its place with its failures, may be received before this ends."""
        if self._steps.dedup:
            self._steps.dedup.done(held)
        if isinstance(decision.disposition, Replace):
            await confirmed(asyncio.ensure_future(self._steps.attempts.forget(held.key)))
        return await self._steps.settler.settle(held.lease, decision, held.account)

    async def _make_known(self, held: Held, decision: Decision) -> Decision:
        """A delivery is known, to the ledger and to us, once what follows from it is published, and not before."""
        if decision.publish or self._steps.dedup:
            decision = await confirmed(asyncio.ensure_future(self._record(held, decision)))
        if not decision.publish:
            self._steps.tombstones.add(held.message.id)
        return decision

    async def _record(self, held: Held, decision: Decision) -> Decision:
        if not await self._steps.settler.publish(held.lease, decision.publish, held.account):
            return decision  # the lease is lost: it comes again, and is sent again
        if self._steps.dedup:
            await self._steps.dedup.record(held)
        return replace(decision, publish=())

    async def _outcome(self, held: Held) -> Outcome:
        """Decode, then let the vendor say what becomes of it, alone or in a batch; unless it was delivered before."""
        if held.message.id in self._steps.tombstones:
            return Delivered()
        try:
            held.decoded(*await self._steps.decoder.decode(held.message))
            if (early := self._early(held)) > _SOON:
                return Throttled(early)
            if self._steps.dedup and (known := await self._steps.dedup.ask(held)) is not None:
                return known
            if held.again:
                held.failures += (await self._steps.attempts.of(held.key)).count
            held.job = replace(held.job, attempt=held.failures + 1) if held.failures else held.job
            if self._suspects.includes(held):
                return await self._suspects.alone(held, self.talk)
            return await self._batcher.deliver(held)
        except BadMessageError as error:
            return Rejected(error.reason, error.code)
        except AwsError:
            return Throttled(timedelta(seconds=_jittered(_FETCH_AGAIN)))

    async def talk(self, batch: Sequence[Held]) -> Sequence[Outcome]:
        """Rounds until the vendor has said what becomes of each job; a throttle is waited for in hand."""
        try:
            while True:
                match outcomes := await self._round(batch):
                    case [Continue() as step] if await self._goes_on(batch[0], step):
                        batch[0].advance(step.cursor)
                    case _ if not all(isinstance(outcome, Throttled) for outcome in outcomes):
                        return outcomes
        except ClosedError as closed:
            return await self._refused(batch, closed.seconds)
        except (BadMessageError, AdapterError) as error:
            if len(batch) > 1:  # one of them is bad: find it, the others are sent
                half = len(batch) // 2
                return [*await self.talk(batch[:half]), *await self.talk(batch[half:])]
            if isinstance(error, BadMessageError):
                return [Rejected(error.reason, error.code)]
            return [RetryAfter(None, f"{error} in the adapter's prepare")]

    async def _refused(self, batch: Sequence[Held], seconds: float) -> Sequence[Outcome]:
        """What the gate is closed to comes again later; of a batch, those go on that nothing of their own keeps."""
        free = [held for held in batch if seconds and not self._steps.gate.bars(held.way)]
        if not 0 < len(free) < len(batch):
            return [self._later(held, seconds) for held in batch]
        sent = dict(zip(map(id, free), await self.talk(free), strict=True))
        return [sent.get(id(held)) or self._later(held, seconds) for held in batch]

    def _later(self, held: Held, seconds: float) -> Outcome:
        own = self._steps.gate.put_off(held.way) if seconds else None
        return Throttled(timedelta(seconds=_jittered(seconds) if own is None else own))

    async def _round(self, batch: Sequence[Held]) -> Sequence[Outcome]:
        """Prepare, admit, send, classify, observe: one vendor request."""
        jobs = [held.job for held in batch]
        self._refuse_stale(batch)
        request = self._steps.vendor.prepare(jobs)
        way = _way_of(batch, cost=self._steps.vendor.cost(request))
        with await self._steps.gate.admit(way, partial(self._steps.places.aside, len(batch))) as passage:
            if not all(self._steps.leases.alive(held.lease) for held in batch):
                raise ClosedError(0)  # not ours to send any more; what is ours of the batch comes again
            for held in batch:
                held.is_in_air = True
            said = await self._steps.vendor.exchange(request, jobs)
            outcomes = [held.narrowed(outcome) for held, outcome in zip(batch, said, strict=True)]
            passage.observe(outcomes)
        for held, outcome in zip(batch, outcomes, strict=True):
            held.learn(outcome, passage.seconds)
        return outcomes

    def _refuse_stale(self, batch: Sequence[Held]) -> None:
        if self._rules.max_age is None:
            return
        if any(self._clock.now() - held.sent_at > self._rules.max_age for held in batch):
            raise BadMessageError(f"older than max_age ({self._rules.max_age})", code="max_age")

    def _early(self, held: Held) -> timedelta:
        due = held.continuation.due
        return NOTHING if due is None else due - self._clock.now()

    async def _goes_on(self, held: Held, step: Continue) -> bool:
        """Whether the next round is made in hand; if so, what the last one publishes is published."""
        rules, pause = self._rules, step.delay.total_seconds()
        used = self._clock.monotonic() - held.since
        if self._stopping.is_set() or used + pause > rules.budget or pause > rules.pause or self._steps.gate.ajar:
            return False
        if self._steps.dedup and not await self._steps.dedup.keeps(held):
            return False
        await self._steps.settler.publish(held.lease, step.publish, held.account)
        await asyncio.sleep(pause)
        return True

    async def _dispose(self, held: Held, outcome: Outcome) -> Decision:
        """Count a failure, then decide."""
        failures = Failures(held.failures)
        if is_failure(outcome):
            counted = await self._steps.attempts.failed(held.key, self._steps.gate.closed_seconds())
            held.failures = held.continuation.failures + counted.count
            failures = Failures(held.failures, counted.lasting)
        decision = dispose(outcome, failures, self._rules.policy, self._closed_for(held, outcome))
        return self._to_come_again(held, decision)

    def _closed_for(self, held: Held, outcome: Outcome) -> timedelta:
        if not isinstance(outcome, Throttled | Blocked):
            return NOTHING
        said = outcome.after if isinstance(outcome, Throttled) and outcome.after else NOTHING
        return max(said, timedelta(seconds=_jittered(self._steps.gate.shut_for(held.way))))

    async def _close(self, held: Held, outcome: Outcome, decision: Decision) -> None:
        self._steps.report.settled(held, outcome, decision)
        self._steps.tombstones.discard(held.message.id)
        if not isinstance(decision.disposition, Postpone | Renew | Replace):
            await self._steps.attempts.forget(held.key)

    async def _hand_back(self, held: Held) -> None:
        """The grace is over: it is visible again at once, at the cursor that it has reached.

        Mid-send nobody knows what the vendor did: what must not be repeated is buried.
        """
        if held.is_in_air and self._rules.policy.bury_ambiguous:
            outcome = Ambiguous("the worker stopped while it was being sent")
            await self._settle(held, outcome, await self._dispose(held, outcome))
            return
        decision = self._to_come_again(held, Decision(Postpone(NOTHING)))
        if await self._carry_out(held, decision):
            self._steps.report.handed_back(held, decision.disposition)

    def _to_come_again(self, held: Held, decision: Decision) -> Decision:
        """What comes back must come back at the cursor it has reached, and with receives to spare."""
        match decision.disposition:
            case Postpone(delay) if held.moved:
                return replace(decision, disposition=Replace(held.cursor, delay))
            case Postpone(delay) if self._suspects.needs_a_copy(held):
                return replace(decision, disposition=Renew(delay, held.suspect))
            case _:
                return decision


def _jittered(seconds: float) -> float:
    return seconds + min(seconds * _JITTER, _MOST_JITTER) * random.random()  # noqa: S311 - jitter, not a secret


def _way_of(batch: Sequence[Held], cost: int) -> Way:
    """One request for several jobs passes what each of them must; the batcher sees to it that they have one limit."""
    ways = [held.way for held in batch]
    keys, scopes = (way.keys for way in ways), (way.scopes for way in ways)
    again = any(way.again for way in ways)
    return Way(frozenset().union(*keys), frozenset().union(*scopes), ways[0].limit, cost, again)
