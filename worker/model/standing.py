"""How a task stands with a limit that the fleet shares, for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known in this task now."""

    slots: int  # send times in hand
    wanted: int  # tokens that requests wait for
    live: int  # tasks that run
    degraded: bool  # the safe share is sent, for the table is away
    closed_for: float  # seconds; 0: the vendor has not said so, or it is over
    opens_in: float  # seconds until the next may be sent, as far as is known
    waits_for: str  # why nothing leaves: see worker/pipeline/fleet.py; empty where it need not wait
