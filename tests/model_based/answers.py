"""What the vendor will say: a plan that a test makes and requests use up."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from worker.model.message import Job, Publication
from worker.model.outcome import (
    WHOLE,
    Ambiguous,
    Blocked,
    Continue,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    RetryAfter,
    Scope,
    Throttled,
)


class Kind(Enum):
    """Of an answer; the last six are of a whole request."""

    DELIVERED = "delivered"
    RETRY = "retry"
    RETRY_LATER = "retry later"
    THROTTLED = "throttled"
    THROTTLED_KEY = "throttled key"
    BLOCKED = "blocked"
    BLOCKED_KEY = "blocked key"
    REJECTED = "rejected"
    CONTINUE = "continue"
    CONTINUE_LATER = "continue later"
    PARTIAL = "partial"
    AMBIGUOUS = "ambiguous"
    NOT_SENT = "not sent"
    NOT_ANSWERED = "not answered"
    SEND_RAISES = "send raises"
    CLASSIFY_RAISES = "classify raises"
    TOO_FEW = "too few outcomes"
    NO_SECRET = "no secret"


@dataclass(frozen=True, slots=True)
class Answer:
    """`after`: seconds that a throttle says; `done`: whether the vendor did it though it never said so."""

    kind: Kind
    latency: float = 0.1
    after: float | None = None
    done: bool = True
    stall: float = 0.0  # seconds that the adapter computes over the reply


@dataclass(slots=True)
class Answers:
    """Used up in the order of requests; then everything is delivered."""

    stalls: deque[float] = field(default_factory=deque)  # seconds that the next `prepare` computes
    _planned: deque[Answer] = field(default_factory=deque)

    def plan(self, answer: Answer, times: int = 1) -> None:
        """The next jobs are answered so."""
        self._planned.extend([answer] * times)

    def end(self) -> None:
        """The vendor is well from here on."""
        self._planned.clear()
        self.stalls.clear()

    def next(self, jobs: int) -> Sequence[Answer]:
        """One for each job of a request; its first speaks for the whole request where it must."""
        return [self._planned.popleft() if self._planned else Answer(Kind.DELIVERED) for _ in range(jobs)]


def outcome_of(answer: Answer, job: Job[Any]) -> Outcome:
    """What the adapter says of a job."""
    rows = job.payload.get("rows", ())
    scope = WHOLE if job.scope is None else Scope(job.scope)
    match answer.kind:
        case Kind.RETRY:
            return RetryAfter(None, "500")
        case Kind.RETRY_LATER:
            return RetryAfter(timedelta(minutes=15), "503")
        case Kind.THROTTLED | Kind.THROTTLED_KEY:
            after = None if answer.after is None else timedelta(seconds=answer.after)
            return Throttled(after, scope if answer.kind is Kind.THROTTLED_KEY else WHOLE)
        case Kind.BLOCKED | Kind.BLOCKED_KEY:
            return Blocked("401", scope if answer.kind is Kind.BLOCKED_KEY else WHOLE)
        case Kind.REJECTED:
            return Rejected("422", "no_such_thing")
        case Kind.AMBIGUOUS:
            return Ambiguous("cut off")
        case Kind.CONTINUE | Kind.CONTINUE_LATER if not rows:
            pause = timedelta(seconds=30 if answer.kind is Kind.CONTINUE_LATER else 1)
            return Continue(str(int(job.cursor or "0") + 1), pause, _follow(job))
        case Kind.PARTIAL if rows:
            return _partial(job, rows)
        case _:
            return Delivered(_follow(job))


def _partial(job: Job[Any], rows: Sequence[str]) -> Partial:
    """The first is to be tried again, the last of several is rejected, the others are taken."""
    rejected = None if len(rows) == 1 else _with_rows(job, rows[-1:])
    return Partial(_with_rows(job, rows[:1]), rejected, code="bad_row")


def _with_rows(job: Job[Any], rows: Sequence[str]) -> str:
    return json.dumps({**job.payload, "rows": list(rows)})


def _follow(job: Job[Any]) -> tuple[Publication, ...]:
    if not job.payload.get("follow"):
        return ()
    return (Publication(json.dumps({"of": job.key, "round": job.cursor})),)
