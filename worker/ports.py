"""What the pipeline needs of the world: protocols of at most three methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from worker.model.disposition import Failures
from worker.model.events import Event
from worker.model.message import NOTHING, Job, JobKey, Message, Outgoing, Publication, ReceiptHandle, VendorName
from worker.model.outcome import Outcome
from worker.model.reservation import Ask, LimitNews, LimitState, Reservation
from worker.model.task import TaskReport

P = TypeVar("P")
Q = TypeVar("Q")
R = TypeVar("R")


class Clock(Protocol):
    """Time: monotonic seconds for durations, UTC for what people read."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""

    def now(self) -> datetime:
        """The time of day, UTC."""


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """One entry of a batch call that was not carried out."""

    index: int  # its place in the call's list
    code: str  # AWS's
    final: bool  # trying again cannot help: the receipt is not valid any more, the entry is malformed


class Queue(Protocol):
    """One SQS queue, from which we receive. At most ten entries a call.

    Each raises UnavailableError (try again) or RefusedError (an operator must act).
    """

    async def receive(self, limit: int) -> Sequence[Message]:
        """Long-poll for 1 … 10 messages; never cancelled, it returns within its wait time and a few seconds."""

    async def delete(self, receipts: Sequence[ReceiptHandle]) -> Sequence[EntryFailure]:
        """Delete messages; returns the entries that were not."""

    async def change_visibility(self, entries: Sequence[tuple[ReceiptHandle, timedelta]]) -> Sequence[EntryFailure]:
        """Make each message visible again after so long (0 … 12 h), counted from now."""


class Outbox(Protocol):
    """One SQS queue, to which we send. At most ten entries a call; the same errors as `Queue`."""

    async def send(self, entries: Sequence[Outgoing]) -> Sequence[EntryFailure]:
        """Send messages; returns the entries that were not taken."""


class Publications(Protocol):
    """Where messages that follow from others go."""

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Return when all are with SNS; raises as `Queue` does."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a claim check lies."""

    bucket: str
    key: str


class Blobs(Protocol):
    """Claim checks. Raises UnavailableError, or BadMessageError for a bucket not ours or an object not there."""

    async def get(self, pointer: Pointer) -> bytes:
        """Fetch the body that a pointer stands for."""

    async def put(self, data: bytes) -> Pointer:
        """Store a body; returns where."""


class Secrets(Protocol):
    """Secrets Manager. Raises RefusedError where there is no such secret."""

    async def get(self, name: str) -> str:
        """The secret's current text."""


class Attempts(Protocol):
    """The failed attempts of messages, apart from SQS's receive count."""

    async def of(self, key: JobKey) -> Failures:
        """What is counted so far."""

    async def failed(self, key: JobKey, closed_for: float) -> Failures:
        """Count one more. `closed_for`: seconds that the gate has been closed so far, in all."""

    async def forget(self, key: JobKey) -> None:
        """The message has ended."""


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """One delivery to one vendor: a long job has one for each cursor."""

    key: JobKey
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """Nobody has delivered it and nobody else is about to: send it."""


@dataclass(frozen=True, slots=True)
class AlreadyDelivered:
    """It was delivered before: do not send it again."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody else has claimed it; the claim ends after `remaining`."""

    remaining: timedelta


Claim = Ours | AlreadyDelivered | InProgress


class Ledger(Protocol):
    """What is known to be delivered of one vendor's jobs. Raises UnavailableError or RefusedError."""

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        """Those of the keys that are recorded as delivered."""

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        """Claim one before it is sent; a claim of ours that is not recorded ends after `lasting`."""

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        """These are delivered; returns when that is stored."""


class Reservations(Protocol):
    """One limit, shared by the fleet. Raises UnavailableError or RefusedError; after the first it may have happened."""

    async def reserve(self, ask: Ask) -> Reservation:
        """Take send times that nobody else will be given."""

    async def tell(self, news: LimitNews) -> None:
        """Tell all tasks what the vendor said."""

    async def state(self) -> LimitState:
        """What is known now; for people."""


@dataclass(frozen=True, slots=True)
class Sole:
    """This task alone may send, after `wait`: until then the requests of the one before may still count."""

    wait: timedelta


class Tenure(Protocol):
    """The right to be the only task that sends under a limit. Raises UnavailableError or RefusedError."""

    async def claim(self, lasting: timedelta, window: timedelta) -> Sole | InProgress:
        """Have it, or have it on, for so long; `window`: for how long a request counts. Else: another's `remaining`."""

    async def release(self, window: timedelta) -> None:
        """Let another have it at once; it waits a window."""


class Reports(Protocol):
    """What running tasks say of themselves, each for a minute. Raises UnavailableError or RefusedError."""

    async def tell(self, reports: Sequence[TaskReport]) -> None:
        """Replace this task's last reports, one for each of its vendors."""

    async def of(self, vendor: VendorName) -> Sequence[TaskReport]:
        """The last report of each task that runs, by task."""


class Telemetry(Protocol):
    """Who listens to events; returns at once and never raises."""

    def emit(self, event: Event) -> None:
        """Take note of an event."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How many jobs one vendor request carries: at most `size`, `max_bytes` of payload, gathered for `linger`."""

    size: int = 1
    max_bytes: int | None = None
    linger: timedelta = NOTHING


@dataclass(frozen=True, slots=True)
class Traits:
    """What the core must know of an adapter."""

    idempotent: bool = False  # the vendor takes `job.key` as idempotency key, or the operation is a natural upsert
    batch: Batch = field(default_factory=Batch)
    scope: Callable[[Any], str | None] = lambda _payload: (
        None
    )  # what `rate_per_key` counts: the payload's recipient, channel…
    cost: Callable[[Any], int] = lambda _request: 1  # tokens of the limit that a prepared request takes


class SecretText(Protocol):
    """An entry's secret, from a cache: `await context.secret(job.secret)`.

    The name is None unless the entry's `secret` holds payload fields. Raises RefusedError where there is no such
    secret, which stops the messages that need it and no others, and UnavailableError where it cannot be told now.
    """

    def __call__(self, name: str | None = None, /) -> Awaitable[str]:
        """The current text."""


@dataclass(frozen=True, slots=True)
class VendorContext:
    """What the topology says of an entry, as far as its adapter needs it."""

    name: VendorName
    timeout: timedelta  # of one vendor request
    connections: int  # requests at once, at most
    endpoint: str | None = None  # scheme://host:port that takes the place of the vendor's own
    secret: SecretText | None = None  # None: the entry names none


class Vendor(Protocol[P, Q, R]):
    """An adapter, built and ready. Only `send` does I/O; a vendor that opens something is an async context manager."""

    @property
    def traits(self) -> Traits:
        """What the core must know of it."""

    def prepare(self, jobs: Sequence[Job[P]]) -> Q:
        """Make the one request that carries these jobs (one job unless `traits.batch` says more); pure."""

    async def send(self, request: Q) -> R:
        """Send it. Raises NotSentError or NotAnsweredError."""

    def classify(self, reply: R, jobs: Sequence[Job[P]]) -> Sequence[Outcome]:
        """Say what the reply means for each job, in the order of the jobs; pure."""


class Adapter(Protocol):
    """The class that an entry's `adapter` names: called with validated options it makes a Vendor, without any I/O."""

    Options: type[BaseModel]  # validates the entry's `options`
    Payload: Any  # what pydantic's TypeAdapter takes: a model, a TypedDict, dict[str, Any]

    def __call__(self, options: Any, context: VendorContext) -> Vendor[Any, Any, Any]:  # noqa: D102
        ...
