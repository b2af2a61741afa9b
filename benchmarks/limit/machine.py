"""How busy this machine was: whether a figure is Sluice's or the machine's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_STAT = Path("/proc/stat")
_IDLE = (3, 4)  # of the line's numbers: idle, iowait


@dataclass(frozen=True, slots=True)
class Machine:
    """An instant of all cores, and of one process; Linux only, elsewhere NaN."""

    wall: float  # monotonic seconds
    used: float  # seconds of all cores
    process: float  # seconds of the process

    @classmethod
    def now(cls, pid: int) -> Machine:
        """Read the clocks."""
        if not _STAT.exists():
            return cls(monotonic(), float("nan"), float("nan"))
        ticks = os.sysconf("SC_CLK_TCK")
        spent = [int(number) for number in _STAT.read_text().splitlines()[0].split()[1:9]]
        # the name, in brackets, may hold anything
        of_process = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used = sum(spent) - sum(spent[place] for place in _IDLE)
        return cls(monotonic(), used / ticks, (int(of_process[11]) + int(of_process[12])) / ticks)

    def busy_until(self, end: Machine) -> float:
        """Share of all cores."""
        return (end.used - self.used) / (end.wall - self.wall) / (os.cpu_count() or 1)

    def process_until(self, end: Machine) -> float:
        """Share of one core."""
        return (end.process - self.process) / (end.wall - self.wall)
