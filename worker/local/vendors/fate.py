"""What becomes of one request that a simulated vendor would take."""

from __future__ import annotations

from enum import Enum, auto

from worker.local.vendors.behaviour import Behaviour


class Fate(Enum):
    """Decided when it arrives."""

    TAKEN = auto()
    FAILS = auto()  # 500
    HANGS = auto()  # taken, never answered
    CUT = auto()  # taken, the connection cut instead of an answer


def fate_of(behaviour: Behaviour, dice: float) -> Fate:
    """Decide by a number in [0, 1): one throw for each arrival, so that a seed gives the same run whatever fails."""
    for fate, ratio in (
        (Fate.FAILS, behaviour.failure_ratio),
        (Fate.HANGS, behaviour.hang_ratio),
        (Fate.CUT, behaviour.cut_ratio),
    ):
        if dice < ratio:
            return fate
        dice -= ratio
    return Fate.TAKEN
