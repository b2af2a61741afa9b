"""What a running task says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from worker.model.message import VendorName


@dataclass(frozen=True, slots=True)
class Standing:
    """How one task stands with its vendor's limit."""

    used: tuple[int, ...] = ()  # requests in the last window: of each window up to a minute, in the rate's order
    per_second: float | None = None  # what it may send now; None: there is no limit, or one for each value of a field
    factor: float = 1.0  # what the adaptive rate leaves of the configured one
    waiting: int = 0  # requests that wait for their turn
    sending: int = 0  # requests in the air
    closed: str = ""  # why nothing is sent: paused, throttled, blocked, breaker; "": it is open
    closed_seconds: float = 0.0  # until the next probe; 0 where one is on its way, or nobody knows
    degraded: bool = False  # the state table is away, and it keeps to its safe share
    ahead: int = 0  # send times that it has reserved and not used yet
    waits_for: str = ""  # what keeps it from sending at all, beside the limit; "": nothing

    @classmethod
    def load(cls, told: Mapping[str, Any]) -> Self:
        """From its fields as JSON has them; another version's further ones are left out."""
        known = {each.name: told[each.name] for each in fields(cls) if each.name in told}
        return cls(**{**known, "used": tuple(told.get("used", ()))})


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One task's work for one vendor, lately."""

    task: str  # its id, the same in each of its reports
    vendor: VendorName
    held: int  # messages in hand: from the receive to the confirmed settle
    postponed: int  # messages that this task has made invisible and that have not come back yet
    rate: float  # requests per second
    request_seconds: float  # of one vendor request, on average; 0 where none was made
    version: str
    at: datetime  # UTC
    standing: Standing = field(default_factory=Standing)
