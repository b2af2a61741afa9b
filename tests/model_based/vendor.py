"""A vendor as one process reaches it: it answers as planned, and sees whether promises about sending are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.model_based.answers import Answer, Answers, Kind, outcome_of
from tests.model_based.contents import of_job
from tests.model_based.hand import Hand
from tests.model_based.log import Visit
from tests.model_based.setting import Setting
from worker.model.disposition import is_failure
from worker.model.errors import BadMessageError, NotAnsweredError, NotSentError, RefusedError
from worker.model.message import Job
from worker.model.outcome import (
    Blocked,
    Continue,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    Throttled,
)
from worker.ports import Batch, Traits

_TAKEN, _GOES_ON, _UNSAID = 200, 102, 504


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and when it left."""

    at: float
    answers: Sequence[Answer]


@dataclass(slots=True)
class MoodyVendor:
    """Port `Vendor`."""

    hand: Hand
    answers: Answers
    setting: Setting
    times: list[tuple[float, frozenset[str]]] = field(default_factory=list)  # of requests, with the scopes concerned

    @property
    def traits(self) -> Traits:
        """Batches wait a little for others."""
        batch = Batch(self.setting.batch, linger=timedelta(seconds=0.2))
        return Traits(self.setting.idempotent, batch, scope=lambda payload: payload.get("to"))

    def prepare(self, jobs: Sequence[Job[Any]]) -> Sequence[Job[Any]]:
        """The request is its jobs; it may take long, refuse a job, or break."""
        if self.answers.stalls and self.hand.alive:
            self.hand.stand_still(self.answers.stalls.popleft())
        for job in jobs:
            match job.payload.get("prepare"):
                case "bad":
                    self.hand.log.rejected(job.key, "bad")
                    raise BadMessageError("bad", code="bad")
                case "raises":
                    self.hand.log.failed(job.key)
                    raise ValueError(job.key)
        return jobs

    async def send(self, request: Sequence[Job[Any]]) -> Reply:
        """Take the latency, then answer or fail."""
        at = asyncio.get_running_loop().time()
        if not self.hand.alive:
            raise NotSentError("killed")
        self.times.append((at, frozenset(job.scope for job in request if job.scope)))
        reply = Reply(at, self.answers.next(len(request)))
        first = reply.answers[0]
        try:
            await asyncio.sleep(first.latency)
        except asyncio.CancelledError:
            self._note(request, reply, None)
            if self.setting.longest is not None and asyncio.get_running_loop().time() >= at + self.setting.longest:
                self._fail(request)
            raise
        self._break(request, reply, first.kind)
        return reply

    def classify(self, reply: Reply, jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        """As planned, job by job."""
        outcomes = [outcome_of(answer, job) for answer, job in zip(reply.answers, jobs, strict=True)]
        if stall := reply.answers[0].stall:
            self.hand.stand_still(stall)
        match reply.answers[0].kind:
            case Kind.CLASSIFY_RAISES:
                self._note(jobs, reply, None)
                self._fail(jobs)
                raise ValueError("classify")
            case Kind.TOO_FEW:
                self._note(jobs, reply, None)
                self._fail(jobs)
                return outcomes[1:]
        self._note(jobs, reply, outcomes)
        return outcomes

    def _break(self, request: Sequence[Job[Any]], reply: Reply, kind: Kind) -> None:
        match kind:
            case Kind.NOT_SENT:
                self._fail(request)
                raise NotSentError("no connection")
            case Kind.NOT_ANSWERED:
                self._note(request, reply, None)
                self._fail(request)
                raise NotAnsweredError("no answer")
            case Kind.SEND_RAISES:
                self._note(request, reply, None)
                self._fail(request)
                raise ValueError("send")
            case Kind.NO_SECRET:
                raise RefusedError("no such secret")

    def _fail(self, jobs: Sequence[Job[Any]]) -> None:
        for job in jobs:
            self.hand.log.failed(job.key)

    def _note(self, jobs: Sequence[Job[Any]], reply: Reply, outcomes: Sequence[Outcome] | None) -> None:
        """Write down what the vendor did; `outcomes`: None where nobody was told."""
        done: Outcome
        for index, (answer, job) in enumerate(zip(reply.answers, jobs, strict=True)):
            planned = outcome_of(answer, job)
            heard = self.hand.alive and outcomes is not None and answer.kind is not Kind.AMBIGUOUS
            if heard:
                done = outcomes[index]
                self._learn(job, done)
            else:
                done = _silently(answer, planned)
                if outcomes is not None:
                    self.hand.log.failed(job.key)
            self._visited(job, reply, done, heard=heard)

    def _learn(self, job: Job[Any], outcome: Outcome) -> None:
        if is_failure(outcome):
            self.hand.log.failed(job.key)
        if isinstance(outcome, Rejected):
            self.hand.log.rejected(job.key, outcome.code)
        if isinstance(outcome, Partial):
            self.hand.log.rejected(job.key, outcome.code)

    def _visited(self, job: Job[Any], reply: Reply, outcome: Outcome, *, heard: bool) -> None:
        contents, now = of_job(job), asyncio.get_running_loop().time()
        statuses = _statuses(outcome, contents.items)
        done = isinstance(outcome, Delivered | Continue)
        self.hand.log.visited(Visit(reply.at, now, self.hand.who, contents, statuses, heard, done))


def _silently(answer: Answer, planned: Outcome) -> Outcome:
    """What the vendor did and did not say."""
    return (
        (planned if isinstance(planned, Delivered | Continue | Partial) else Delivered()) if answer.done else _NOTHING
    )


_NOTHING = Throttled()


def _statuses(outcome: Outcome, items: Sequence[str]) -> Mapping[str, int]:
    match outcome:
        case Delivered():
            return dict.fromkeys(items, _TAKEN)
        case Continue():
            return dict.fromkeys(items, _GOES_ON)
        case Partial():
            return {items[0]: 503, **dict.fromkeys(items[1:-1], _TAKEN), **dict.fromkeys(items[1:][-1:], 422)}
        case Rejected():
            return dict.fromkeys(items, 422)
        case Throttled():
            return dict.fromkeys(items, 429)
        case Blocked():
            return dict.fromkeys(items, 401)
        case _:
            return dict.fromkeys(items, 500)
