"""Sluice's runs against the floor's, as figures: pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.drained import Drained
from benchmarks.figures import Figure, Goal

_CPU_RATIO = Goal("≤", 1.35)
_RATE_RATIO = Goal("≥", 0.8)
_CALLS = Goal("≤", 0.22)
_MEGABYTES = Goal("≤", 150)
_GROWTH = Goal("≤", 1.15)
_BUSY = "of a core (< 0.9: it waited)"


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of each side, one right after the other: what disturbs the machine disturbs both."""

    floor: Drained
    sluice: Drained


def compare(pairs: Sequence[Pair], prefix: str = "") -> list[Figure]:
    """All figures of runs of one length; their names begin with `prefix`."""
    return [
        Figure(f"{prefix}cpu_per_message", _sluice(pairs, _cpu), "µs"),
        Figure(f"{prefix}floor_cpu_per_message", _floor(pairs, _cpu), "µs"),
        Figure(f"{prefix}cpu_ratio", _ratio(pairs, _cpu), "× floor", _CPU_RATIO),
        Figure(f"{prefix}throughput", _sluice(pairs, _rate), "messages/s"),
        Figure(f"{prefix}floor_throughput", _floor(pairs, _rate), "messages/s"),
        Figure(f"{prefix}throughput_ratio", _ratio(pairs, _rate), "× floor", _RATE_RATIO),
        Figure(f"{prefix}busy", _sluice(pairs, _busy), _BUSY),
        Figure(f"{prefix}floor_busy", _floor(pairs, _busy), _BUSY),
        Figure(f"{prefix}sqs_calls_per_message", _sluice(pairs, lambda run: run.calls_per_message), "", _CALLS),
        Figure(f"{prefix}rss", max(pair.sluice.megabytes for pair in pairs), "MB", _MEGABYTES),
        Figure(f"{prefix}floor_rss", max(pair.floor.megabytes for pair in pairs), "MB"),
    ]


def compare_lengths(short: Sequence[Pair], long: Sequence[Pair]) -> list[Figure]:
    """The figures of long runs, and how much the CPU ratio grows with the length."""
    growth = _ratio(long, _cpu) / _ratio(short, _cpu)
    return [*compare(long, "long_"), Figure("cpu_ratio_growth", growth, "× short", _GROWTH)]


def _ratio(pairs: Sequence[Pair], of: Callable[[Drained], float]) -> float:
    return median(of(pair.sluice) / of(pair.floor) for pair in pairs)


def _sluice(pairs: Sequence[Pair], of: Callable[[Drained], float]) -> float:
    return median(of(pair.sluice) for pair in pairs)


def _floor(pairs: Sequence[Pair], of: Callable[[Drained], float]) -> float:
    return median(of(pair.floor) for pair in pairs)


def _cpu(run: Drained) -> float:
    return run.cpu_per_message


def _rate(run: Drained) -> float:
    return run.rate


def _busy(run: Drained) -> float:
    return run.cpu / run.seconds
