"""What SQS is told of a message, decided from what the vendor said: pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from worker.model.backoff import Backoff
from worker.model.message import NOTHING, Publication
from worker.model.outcome import (
    Ambiguous,
    Blocked,
    Continue,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    RetryAfter,
    Throttled,
)

MAX_VISIBILITY = timedelta(hours=12)  # SQS, counted from the receive
_LEAST_RECEIVES = 20


@dataclass(frozen=True, slots=True)
class Delete:
    """It is done."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """It comes back after `delay`, by its visibility timeout."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Bury:
    """It goes to the dead-letter queue and says why; `last_error`: what the vendor said, if that is another."""

    reason: str
    code: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """Another message takes its place: with this `cursor`, or with this `body` (its rows to retry), after `delay`."""

    cursor: str | None
    delay: timedelta = NOTHING
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """A fresh copy takes its place after `delay`: what SQS counts of its receives begins anew, nothing else does."""

    delay: timedelta
    suspect: int = 0  # see Continuation


Disposition = Delete | Postpone | Bury | Replace | Renew


@dataclass(frozen=True, slots=True)
class Rows:
    """A part of a message that is buried by itself: its payload (JSON text) and why."""

    body: str
    burial: Bury


@dataclass(frozen=True, slots=True)
class Decision:
    """All that follows from an outcome: what is published and buried first, then what becomes of the message."""

    disposition: Disposition
    publish: tuple[Publication, ...] = ()
    buried: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an entry of the topology says about failing."""

    max_attempts: int = 8
    give_up_after: timedelta = timedelta(hours=6)
    bury_ambiguous: bool = False  # on_ambiguous = "bury", for a vendor that cannot take a message twice
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class Failures:
    """The failed attempts of one message: how many, and for how long with the gate open."""

    count: int = 0
    lasting: timedelta = NOTHING  # since the first of them, time with the gate closed not counted


def most_receives(max_attempts: int) -> int:
    """The queue's maxReceiveCount: only a backstop, for messages that kill the process; hand-backs count there too."""
    return max(_LEAST_RECEIVES, 3 * max_attempts)


def dispose(outcome: Outcome, failures: Failures, policy: Policy, closed_for: timedelta = NOTHING) -> Decision:
    """Decide what becomes of a message.

    `failures` counts this outcome already, if it is a failure (`is_failure`). `closed_for` is how long the gate stays
    closed for this message: what was throttled or blocked comes back then.
    """
    match outcome:
        case Delivered(publish):
            return Decision(Delete(), publish)
        case Continue(cursor, delay, publish):
            return Decision(Replace(cursor, max(NOTHING, delay)), publish)
        case Throttled() | Blocked():
            return Decision(Postpone(_bounded(closed_for)))
        case Rejected(reason, code):
            return Decision(Bury(reason, code))
        case Ambiguous(reason) if policy.bury_ambiguous:
            return Decision(Bury("no answer, and a repeat could duplicate it", "ambiguous", reason))
        case Ambiguous(reason):
            return _retry(None, reason, failures, policy)
        case RetryAfter(delay, reason):
            return _retry(delay, reason, failures, policy)
        case Partial():
            return _split(outcome, failures, policy)
        case _ as never:
            assert_never(never)


def is_failure(outcome: Outcome) -> bool:
    """Whether this outcome is a failed attempt; throttles, blocks, hand-backs and closed gates are not."""
    return isinstance(outcome, RetryAfter | Ambiguous) or (isinstance(outcome, Partial) and bool(outcome.retry_rows))


def _retry(delay: timedelta | None, reason: str, failures: Failures, policy: Policy) -> Decision:
    if burial := _given_up(reason, failures, policy):
        return Decision(burial)
    return Decision(Postpone(_bounded(policy.backoff.delay(failures.count) if delay is None else delay)))


def _split(outcome: Partial, failures: Failures, policy: Policy) -> Decision:
    burial = Bury(outcome.reason, outcome.code)
    rejected = () if outcome.rejected_rows is None else (Rows(outcome.rejected_rows, burial),)
    if outcome.retry_rows is None:
        return Decision(Delete(), buried=rejected)
    if given_up := _given_up(outcome.reason, failures, policy):
        return Decision(Delete(), buried=(*rejected, Rows(outcome.retry_rows, given_up)))
    return Decision(Replace(None, policy.backoff.delay(failures.count), outcome.retry_rows), buried=rejected)


def _given_up(reason: str, failures: Failures, policy: Policy) -> Bury | None:
    if failures.count >= policy.max_attempts:
        return Bury(f"gave up after {failures.count} attempts", "max_attempts", reason)
    if failures.lasting >= policy.give_up_after:
        return Bury(f"gave up after {policy.give_up_after}", "give_up_after", reason)
    return None


def _bounded(delay: timedelta) -> timedelta:
    return max(NOTHING, min(delay, MAX_VISIBILITY))
