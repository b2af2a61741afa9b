"""What a running task says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from worker.model.message import VendorName


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
