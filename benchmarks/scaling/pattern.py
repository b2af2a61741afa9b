"""What a day brings: arrivals by the second, the goal, and whether the vendor is away."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

DAY = 86_400
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Pattern:
    """One day; `arrivals` gives messages by the second."""

    name: str
    goal: float  # seconds
    arrivals: Callable[[Random], list[int]]
    away: range = range(0)  # seconds in which the vendor answers nothing but errors


def _bursts(random: Random) -> list[int]:
    arrivals = [0] * DAY
    for hour in (2, 6, 9, 13, 17, 21):
        arrivals[hour * _HOUR + random.randrange(_HOUR)] = 6_000
    return arrivals


def _diurnal(random: Random) -> list[int]:
    """Nothing until five, then a hill with its top of 60/s at two in the afternoon, nothing after eleven."""
    return [_poisson(60 * max(0.0, math.sin(math.pi * (at / _HOUR - 5) / 18)), random) for at in range(DAY)]


def _batch(_: Random) -> list[int]:
    arrivals = [0] * DAY
    arrivals[8 * _HOUR] = 1_000_000
    return arrivals


def _steady(random: Random) -> list[int]:
    return [_poisson(18, random) for _ in range(DAY)]


def _poisson(mean: float, random: Random) -> int:
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    threshold, count, product = math.exp(-mean), 0, random.random()
    while product > threshold:
        count, product = count + 1, product * random.random()
    return count


PATTERNS = (
    Pattern("burst", 300.0, _bursts),
    Pattern("diurnal", 300.0, _diurnal),
    Pattern("batch", 4.0 * _HOUR, _batch),
    Pattern("away", 1800.0, _steady, range(10 * _HOUR, 11 * _HOUR)),
)
