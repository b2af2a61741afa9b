"""What a settled message is counted as."""

from __future__ import annotations

from enum import StrEnum

from worker.model.events import MessageSettled


class Fate(StrEnum):
    """Each settled message has one; the value is its field in `Tally` and its place in the metric's name."""

    DELIVERED = "delivered"
    RETRIED = "retried"  # failed, and comes back
    THROTTLED = "throttled"  # comes back when the vendor wants more
    BLOCKED = "blocked"  # comes back when somebody has acted
    CONTINUED = "continued"  # a long job goes on as a new message
    BURIED = "buried"
    HANDED_BACK = "handed_back"  # given back to SQS unsent


_RETURNING = {
    "Throttled": Fate.THROTTLED,
    "Blocked": Fate.BLOCKED,
    "Continue": Fate.CONTINUED,
    "HandedBack": Fate.HANDED_BACK,
}


def fate_of(settled: MessageSettled) -> Fate:
    """Name it: what SQS was told decides, then why; rows buried apart do not make their message a buried one."""
    match settled.disposition:
        case "Delete":
            return Fate.DELIVERED
        case "Bury":
            return Fate.BURIED
        case _:
            return _RETURNING.get(settled.outcome, Fate.RETRIED)
