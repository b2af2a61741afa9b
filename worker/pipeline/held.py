"""A message in work: its lease, its job, and how far the job has come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from worker.model.continuation import Continuation
from worker.model.message import Attributes, Job, JobKey, Message
from worker.model.outcome import WHOLE, Blocked, Outcome, Scope, Throttled
from worker.pipeline.leases import Lease
from worker.pipeline.settler import Account
from worker.pipeline.way import ANY, Way
from worker.ports import LedgerKey


@dataclass(slots=True, eq=False)
class Held:
    """Owned by the task that delivers it; while that waits for a batch, by the batch's."""

    message: Message
    lease: Lease
    key: JobKey
    since: float  # monotonic: when it came into hand
    job: Job[Any] = field(init=False)  # once it is decoded
    keys: frozenset[str] = frozenset()  # scopes that it must pass: its own, its secret's, those it was throttled for
    continuation: Continuation = field(default_factory=Continuation)
    failures: int = 0  # failed attempts, with those of the messages that it replaces
    cursor: str | None = None
    attributes: Attributes = field(default_factory=dict)  # the caller's, once it is decoded
    moved: bool = False  # rounds were made: what SQS has of it is behind
    is_in_air: bool = False  # the vendor may have its request, and has said nothing of it
    seconds: float = 0.0  # of the last vendor request
    claimed: LedgerKey | None = None  # in the ledger, by this delivery
    claimed_at: float = 0.0  # monotonic: when it was last
    suspect: int = field(init=False)  # see Continuation

    def __post_init__(self) -> None:
        """What the message itself says, before its body is read."""
        self.cursor, self.suspect = self.continuation.cursor, self.continuation.suspect

    def decoded(self, job: Job[Any], continuation: Continuation) -> None:
        """Its body was read."""
        self.job, self.key, self.continuation, self.cursor = job, job.key, continuation, job.cursor
        self.failures, self.attributes = continuation.failures, job.attributes
        self.keys = frozenset(key for key in (job.scope, self._secret_key) if key is not None)

    @property
    def _secret_key(self) -> str | None:
        return None if self.job.secret is None else f"secret {self.job.secret}"

    @property
    def way(self) -> Way:
        """What it has to pass; before it is decoded, what everything must."""
        if not hasattr(self, "job"):
            return ANY
        scopes = frozenset(() if self.job.scope is None else (self.job.scope,))
        return Way(self.keys, scopes, self.job.limit, again=self.again)

    @property
    def again(self) -> bool:
        """Whether it was received before, or what it replaces was."""
        return self.message.receive_count > 1 or self.continuation.first_sent is not None

    def narrowed(self, outcome: Outcome) -> Outcome:
        """The vendor blocks whom a secret belongs to: where each job names its own, that is nobody else."""
        if isinstance(outcome, Blocked) and outcome.scope == WHOLE and self._secret_key is not None:
            return replace(outcome, scope=Scope(self._secret_key))
        return outcome

    def advance(self, cursor: str) -> None:
        """A round is done; the next one starts there."""
        self.job, self.cursor, self.moved = replace(self.job, cursor=cursor), cursor, True

    def learn(self, outcome: Outcome, seconds: float) -> None:
        """What the vendor closed for it, it must pass from now on; and it has not killed us."""
        self.seconds, self.suspect, self.is_in_air = seconds, 0, False
        if isinstance(outcome, Throttled | Blocked) and outcome.scope.key is not None:
            self.keys |= {outcome.scope.key}

    @property
    def account(self) -> Account:
        """What is to be said of it at its end."""
        return Account(self.key, self.cursor, self.failures, self.attributes, self.continuation)

    @property
    def sent_at(self) -> datetime:
        """When it was sent; for what was replaced on its way, the first of its messages."""
        return self.continuation.first_sent or self.message.sent_at
