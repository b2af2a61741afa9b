"""How many tasks a vendor needs, and why: pure, and the very text that the scaler's Lambda runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

LEAD = 240.0  # seconds until a decision has a task at work: the scaler's minute, the metric's, the alarm's, the start
HOLD = 600.0  # seconds for which a decision stands: what is published is the maximum of the last ten minutes
_GUESS = 10  # no request was timed yet: it takes a tenth of its timeout


class Why(StrEnum):
    """What decided the number."""

    IDLE = "idle"  # nothing waits, nothing is in hand
    BACKLOG = "backlog"  # so many drain it in time
    VENDOR_LIMIT = "vendor limit"  # more would only wait for the vendor
    CAP = "cap"  # max_tasks
    PAUSED = "paused"  # by the topology: only what is in hand counts
    COOLING = "cooling"  # the vendor wants nothing before a time that is known
    AWAY = "away"  # the breaker is open: one task probes
    BLOCKED = "blocked"  # somebody must act: one task probes


@dataclass(frozen=True, slots=True)
class Terms:
    """What the topology says of a vendor."""

    concurrency: int  # requests at once, of each task
    latency_goal: float  # seconds
    timeout: float  # seconds, of one request
    per_second: float | None = None  # requests, of all tasks together; None: there is no limit
    batch: int = 1  # messages that one request carries at most: of a backlog, it does
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What one task has reported of a vendor within the last minute."""

    held: int  # messages in hand: more than it sends at once, for it looks ahead
    sending: int = 0  # requests in the air
    request_seconds: float = 0.0  # 0: it has made no request
    closed: str = ""  # why it sends nothing: paused, throttled, blocked, breaker; "": it sends
    closed_seconds: float = 0.0  # until its next probe; 0: at once, or nobody knows


@dataclass(frozen=True, slots=True)
class Sight:
    """A vendor's queue and tasks as they are now."""

    visible: int  # messages that can be received: what waits out a backoff is no work yet
    held: int = 0  # messages in all tasks' hands
    sending: int = 0  # requests in the air
    request_seconds: float = 0.0  # 0: nobody has ever made one
    closed: str = ""  # as of Told, where it is so for all of them
    closed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Need:
    """How many tasks one vendor needs."""

    tasks: int
    why: Why
    backlog_seconds: float  # until all that is there is sent by what may run at most: how old it gets
    vendor_bound: bool  # its limit alone makes that longer than the goal: more tasks would not help, quota would


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of a vendor from minute to minute."""

    decisions: tuple[tuple[float, int], ...] = ()  # seconds since 1970 and tasks, of the last HOLD seconds
    request_seconds: float = 0.0  # the last that was reported
    closed: str = ""  # the last that was reported, by a task that had made a request or found it closed
    closed_until: float = 0.0  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Decision:
    """What is published of a vendor, and kept for the next minute."""

    tasks: int  # the most that it needed within HOLD
    need: Need
    sight: Sight
    memory: Memory


def decide(terms: Terms, visible: int, told: Sequence[Told], memory: Memory, *, now: float, max_tasks: int) -> Decision:
    """Decide for one vendor, as each minute does; `now` in seconds since 1970."""
    sight = recalled(seen(visible, told), memory, now)
    before = memory.decisions[-1][1] if memory.decisions and memory.decisions[-1][0] > now - HOLD else 0
    need = required_tasks(terms, sight, max_tasks=max_tasks, before=before)
    decisions = (*((at, tasks) for at, tasks in memory.decisions if at > now - HOLD), (now, need.tasks))
    return Decision(
        tasks=max(tasks for _, tasks in decisions),
        need=need,
        sight=sight,
        memory=Memory(decisions, sight.request_seconds, sight.closed, now + sight.closed_seconds),
    )


def required_tasks(terms: Terms, sight: Sight, *, max_tasks: int, before: int = 0) -> Need:
    """Say how many tasks a vendor needs: `min(for its backlog, useful under its limit, max_tasks)`.

    For its backlog: so many that what is visible and what is in hand is sent within what LEAD leaves of the goal (a
    quarter of it at least). What is left of a backlog looks like a fresh one, so that number alone would fall with it
    and never end in time: as many as were needed `before` stay until fewer can send the rest within HOLD, for which the
    last decision stands. And no fewer than make the requests that are in the air, and one while anything is in hand:
    when nothing is visible any more, busy tasks would be taken away.

    Useful: with `limit × seconds per request` requests in the air the vendor is at its limit, so that is
    `ceil(limit × seconds ÷ concurrency)` tasks; more would wait for each other.

    It never falls as the backlog grows, is never above the useful number or `max_tasks`, and 0 where there is no work.
    """
    work = (sight.visible + sight.held) / terms.batch  # requests
    wanted, why = _wanted(terms, sight, before) if work else (0, Why.IDLE)
    useful = useful_tasks(terms, sight)
    tasks = min(wanted, max_tasks, wanted if useful is None else useful)
    if tasks < wanted:
        why = Why.VENDOR_LIMIT if tasks == useful else Why.CAP
    fastest = max_tasks * terms.concurrency / _seconds(terms, sight)
    limit = math.inf if terms.per_second is None else terms.per_second
    return Need(
        tasks=tasks,
        why=why,
        backlog_seconds=work / min(fastest, limit) + (sight.closed_seconds if work else 0.0),
        vendor_bound=limit <= fastest and work > limit * terms.latency_goal,
    )


def useful_tasks(terms: Terms, sight: Sight) -> int | None:
    """The tasks with which the vendor's limit is reached; None: it has none."""
    if terms.per_second is None:
        return None
    return max(1, _up(terms.per_second * _seconds(terms, sight) / terms.concurrency))


def seen(visible: int, told: Sequence[Told]) -> Sight:
    """All tasks' reports together. Closed is what all find closed that know it, until the first one's probe."""
    timed = [each.request_seconds for each in told if each.request_seconds]
    knowing = [each for each in told if each.closed or each.request_seconds]
    shut = bool(knowing) and all(each.closed for each in knowing)
    first = min(knowing, key=lambda each: each.closed_seconds) if shut else Told(0)
    return Sight(
        visible=visible,
        held=sum(each.held for each in told),
        sending=sum(each.sending for each in told),
        request_seconds=sum(timed) / len(timed) if timed else 0.0,
        closed=first.closed,
        closed_seconds=first.closed_seconds,
    )


def recalled(sight: Sight, memory: Memory, now: float) -> Sight:
    """What no task that runs can tell is as it was told last: how long a request takes, and that it was closed.

    A task that was only just started has met nothing yet: for it all is open.
    """
    if sight.request_seconds or sight.closed:
        return replace(sight, request_seconds=sight.request_seconds or memory.request_seconds)
    return replace(
        sight,
        request_seconds=memory.request_seconds,
        closed=memory.closed,
        closed_seconds=max(0.0, memory.closed_until - now),
    )


def _wanted(terms: Terms, sight: Sight, before: int) -> tuple[int, Why]:
    """Tasks for what there is to do, whatever may run."""
    busy = max(int(sight.held > 0), _up(sight.sending / terms.concurrency))
    soon = sight.closed_seconds <= LEAD
    if terms.paused:
        return busy, Why.PAUSED
    if sight.closed == "throttled" and not soon:
        return busy, Why.COOLING
    if sight.closed == "breaker":
        return max(busy, int(soon)), Why.AWAY
    if sight.closed in ("blocked", "paused"):  # paused, and only the tasks know: one stays and tells
        return max(busy, int(soon)), Why.BLOCKED
    work = (sight.visible + sight.held) / terms.batch
    alone = work * _seconds(terms, sight) / terms.concurrency  # seconds, by one task
    patience = max(terms.latency_goal - LEAD, terms.latency_goal / 4)
    enough, plenty = _up(alone / patience), _up(alone / min(patience, HOLD))
    return max(1, busy, enough, min(before, plenty)), Why.BACKLOG


def _seconds(terms: Terms, sight: Sight) -> float:
    return sight.request_seconds or terms.timeout / _GUESS


def _up(tasks: float) -> int:
    return math.ceil(tasks - 1e-9)  # three tasks' work is not four for the last bit of a float
