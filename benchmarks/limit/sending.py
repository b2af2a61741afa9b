"""What was seen of one row: what left and arrived when, and what was done to the workers meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_WAKING = 0.25  # seconds after a standstill within which what was about to leave leaves


@dataclass(frozen=True, slots=True)
class Request:
    """One request that reached the vendor. Times are monotonic seconds, the same for all processes of a machine."""

    sent: float  # stamped by its sender, the last thing before it was given to the HTTP client
    arrived: float  # its headers were at the vendor
    sender: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was done to a worker, or to all."""

    what: Literal["joined", "killed", "stood still", "table away"]
    at: float
    until: float
    who: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """For how long it counts how much was sent; what was too much counts always."""

    since: float  # all workers that there were to be had sent by then
    until: float
    troubles: Sequence[Trouble] = ()


@dataclass(frozen=True, slots=True)
class Sending:
    """All requests of a row."""

    requests: Sequence[Request]
    watch: Watch

    @property
    def sent(self) -> Sequence[float]:
        """The instants of sending, in order."""
        return sorted(request.sent for request in self.requests)

    @property
    def arrived(self) -> Sequence[float]:
        """The instants of arriving, in order."""
        return sorted(request.arrived for request in self.requests)

    @property
    def sent_awake(self) -> Sequence[float]:
        """The instants of sending but of what a process sent just after it had stood still."""
        return sorted(request.sent for request in self.requests if not self._has_just_woken(request))

    def _has_just_woken(self, request: Request) -> bool:
        return any(
            trouble.who == request.sender and trouble.at < request.sent < trouble.until + _WAKING
            for trouble in self.watch.troubles
            if trouble.what == "stood still"
        )
