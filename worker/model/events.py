"""What can be told of a running worker: each event is a dotted, past-tense name with flat, allow-listed fields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class Level(IntEnum):
    """How loud an event is, as in `logging`; METRIC is counted and never logged."""

    METRIC = 0
    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """The worker has its topology and starts its pipelines."""

    name: ClassVar[str] = "worker.started"
    level: ClassVar[Level] = Level.INFO
    version: str
    vendors: str  # comma-separated


@dataclass(frozen=True, slots=True)
class WorkerStopping:
    """A stop was asked for: no new receive is begun."""

    name: ClassVar[str] = "worker.stopping"
    level: ClassVar[Level] = Level.INFO
    reason: str
    grace_seconds: float


@dataclass(frozen=True, slots=True)
class WorkerStopped:
    """All pipelines have ended and all settles are confirmed."""

    name: ClassVar[str] = "worker.stopped"
    level: ClassVar[Level] = Level.INFO
    seconds: float  # from the stop being asked for


@dataclass(frozen=True, slots=True)
class PipelineStarted:
    """A vendor's pipeline receives."""

    name: ClassVar[str] = "pipeline.started"
    level: ClassVar[Level] = Level.INFO
    vendor: str


@dataclass(frozen=True, slots=True)
class PipelineCrashed:
    """A pipeline ended by an error; it starts again after `restart_seconds`."""

    name: ClassVar[str] = "pipeline.crashed"
    level: ClassVar[Level] = Level.ERROR
    vendor: str
    error: str  # the exception's class and place, never its text
    crashes: int  # in a row
    restart_seconds: float


@dataclass(frozen=True, slots=True)
class PipelineStopped:
    """A vendor's pipeline has handed back or settled all that it held."""

    name: ClassVar[str] = "pipeline.stopped"
    level: ClassVar[Level] = Level.INFO
    vendor: str


@dataclass(frozen=True, slots=True)
class MessagesReceived:
    """A receive returned messages (or none)."""

    name: ClassVar[str] = "messages.received"
    level: ClassVar[Level] = Level.DEBUG
    vendor: str
    count: int
    permits: int
    permit_wait_seconds: float  # from a receiver being idle to its permit


@dataclass(frozen=True, slots=True)
class MessageSettled:
    """SQS has confirmed what became of a message."""

    name: ClassVar[str] = "message.settled"
    level: ClassVar[Level] = Level.INFO
    vendor: str
    message_id: str
    key: str
    outcome: str  # Delivered, Partial, Throttled, RetryAfter, Ambiguous, Rejected, Blocked, Continue, HandedBack
    disposition: str  # Delete, Postpone, Bury, Replace, Renew
    code: str | None  # of a rejection: the vendor's, or ours
    vendor_id: str | None
    attempt: int
    receive_count: int
    size: int  # bytes of the body
    seconds: float  # of the vendor's request; 0 where none was made
    age_seconds: float  # from the publish to here
    delay_seconds: float  # of a Postpone, Replace or Renew


@dataclass(frozen=True, slots=True)
class MessageSuspected:
    """A message was received again and again and never had an outcome: it may kill its worker, and goes on alone."""

    name: ClassVar[str] = "message.suspected"
    level: ClassVar[Level] = Level.WARNING
    vendor: str
    message_id: str
    key: str
    receive_count: int


@dataclass(frozen=True, slots=True)
class VendorThrottled:
    """The vendor answered that it wants less."""

    name: ClassVar[str] = "vendor.throttled"
    level: ClassVar[Level] = Level.DEBUG
    vendor: str
    scope: str  # "vendor" or "key"; never the key itself, which may be a person


@dataclass(frozen=True, slots=True)
class GateClosed:
    """Nothing is sent (and, for a whole vendor, nothing received) until the gate reopens by a probe."""

    name: ClassVar[str] = "gate.closed"
    level: ClassVar[Level] = Level.WARNING
    vendor: str
    scope: str  # "vendor" or "key"
    reason: str  # throttled, blocked, breaker, paused
    seconds: float  # 0 where it is paused: until the topology says otherwise


@dataclass(frozen=True, slots=True)
class VendorBlocked:
    """Somebody must act: credentials, billing or permission. The messages are kept."""

    name: ClassVar[str] = "vendor.blocked"
    level: ClassVar[Level] = Level.ERROR
    vendor: str
    scope: str
    seconds: float  # until the next probe


@dataclass(frozen=True, slots=True)
class GateOpened:
    """A probe passed."""

    name: ClassVar[str] = "gate.opened"
    level: ClassVar[Level] = Level.INFO
    vendor: str
    scope: str
    closed_seconds: float


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """A message's visibility ended while we held it: its delivery is cancelled, nothing more is said about it."""

    name: ClassVar[str] = "lease.lost"
    level: ClassVar[Level] = Level.WARNING
    vendor: str
    message_id: str


@dataclass(frozen=True, slots=True)
class AwsCallFailed:
    """An AWS call failed; it is tried again."""

    name: ClassVar[str] = "aws.call_failed"
    level: ClassVar[Level] = Level.WARNING
    vendor: str
    operation: str
    error: str  # AWS's code, or the class of the transport error
    entries: int


@dataclass(frozen=True, slots=True)
class SqsCalled:
    """One SQS request was made (each try counts): what the bill counts."""

    name: ClassVar[str] = "sqs.called"
    level: ClassVar[Level] = Level.METRIC
    vendor: str
    operation: str


@dataclass(frozen=True, slots=True)
class TableCallFailed:
    """The state table did not answer or refused: the worker goes on without it for a while."""

    name: ClassVar[str] = "table.call_failed"
    level: ClassVar[Level] = Level.WARNING
    vendor: str
    feature: str  # what does without it: attempts, ledger, reports, limit
    error: str  # AWS's code, or the class of the transport error


@dataclass(frozen=True, slots=True)
class LimiterDegraded:
    """The state table is away: of a limit that tasks share, this one now sends its safe share alone."""

    name: ClassVar[str] = "limiter.degraded"
    level: ClassVar[Level] = Level.WARNING
    vendor: str  # the entry's name
    reason: str  # AWS's code, the class of the transport error, or clock: another task's, or ours, is far off


@dataclass(frozen=True, slots=True)
class LimiterRestored:
    """The state table answers: the limit is shared again."""

    name: ClassVar[str] = "limiter.restored"
    level: ClassVar[Level] = Level.INFO
    vendor: str
    seconds: float  # for which the safe share was sent


@dataclass(frozen=True, slots=True)
class LimiterAsked:
    """The state table was asked for send times, or how a limit stands: what the bill counts."""

    name: ClassVar[str] = "limiter.asked"
    level: ClassVar[Level] = Level.METRIC
    vendor: str
    answer: str  # granted, later, state, failed


@dataclass(frozen=True, slots=True)
class SlotsForfeited:
    """Send times were not used in time."""

    name: ClassVar[str] = "slots.forfeited"
    level: ClassVar[Level] = Level.METRIC
    vendor: str
    count: int


@dataclass(frozen=True, slots=True)
class AdapterFailed:
    """An adapter raised an error of its own; the message is retried as a failed attempt."""

    name: ClassVar[str] = "adapter.failed"
    level: ClassVar[Level] = Level.ERROR
    vendor: str
    step: str  # scope, prepare, send, classify
    error: str  # the exception's class and place, never its text


Event = (
    WorkerStarted
    | WorkerStopping
    | WorkerStopped
    | PipelineStarted
    | PipelineCrashed
    | PipelineStopped
    | MessagesReceived
    | MessageSettled
    | MessageSuspected
    | VendorThrottled
    | GateClosed
    | VendorBlocked
    | GateOpened
    | LeaseLost
    | AwsCallFailed
    | SqsCalled
    | TableCallFailed
    | LimiterDegraded
    | LimiterRestored
    | LimiterAsked
    | SlotsForfeited
    | AdapterFailed
)
