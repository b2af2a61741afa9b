"""What a process has used so far: wall time, CPU, memory."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Usage:
    """An instant of this process."""

    wall: float  # monotonic seconds
    cpu: float  # seconds, user and system

    @classmethod
    def now(cls) -> Usage:
        """Read the clocks."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(monotonic(), used.ru_utime + used.ru_stime)

    def until(self, end: Usage) -> Usage:
        """What was used between the two."""
        return Usage(end.wall - self.wall, end.cpu - self.cpu)


def peak_megabytes() -> float:
    """The most memory this process has had resident, in MB of 10⁶ bytes.

    Linux's ru_maxrss counts the parent's memory too, which the child had until it called exec; VmHWM does not.
    """
    if _STATUS.exists():
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
