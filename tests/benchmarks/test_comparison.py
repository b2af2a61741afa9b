"""Sluice's runs are compared with the floor's runs beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from benchmarks.comparison import Pair, compare, compare_lengths
from benchmarks.drained import Drained
from benchmarks.figures import Figure


def _run(cpu: float, seconds: float = 10, *, calls: int = 2000, megabytes: float = 80) -> Drained:
    return Drained(10_000, seconds, cpu, calls, megabytes)


def _values(figures: Sequence[Figure]) -> Mapping[str, float]:
    return {figure.name: figure.value for figure in figures}


def test_a_disturbed_pair_does_not_move_the_ratios() -> None:
    """Ratios are medians of each pair's ratio: what slows both runs of a pair leaves them as they are."""
    calm = Pair(_run(2.0, 10), _run(2.6, 12.5))
    disturbed = Pair(_run(4.0, 20), _run(5.2, 25))
    values = _values(compare([calm, disturbed, disturbed]))
    assert values["cpu_ratio"] == pytest.approx(1.3)
    assert values["throughput_ratio"] == pytest.approx(0.8)


def test_figures_are_per_message_and_have_their_units() -> None:
    """CPU is in µs per message, throughput in messages per second, calls in calls per message."""
    values = _values(compare([Pair(_run(2.0), _run(2.5, calls=2100))]))
    assert values["cpu_per_message"] == pytest.approx(250)
    assert values["floor_cpu_per_message"] == pytest.approx(200)
    assert values["throughput"] == pytest.approx(1000)
    assert values["sqs_calls_per_message"] == pytest.approx(0.21)
    assert values["busy"] == pytest.approx(0.25)


def test_memory_is_the_most_of_all_runs() -> None:
    """A bound on memory holds in every run, not in the median."""
    values = _values(compare([Pair(_run(2), _run(2, megabytes=m)) for m in (80, 160, 81)]))
    assert values["rss"] == 160


def test_growth_is_the_long_ratio_by_the_short_one() -> None:
    """The growth compares CPU ratios, so that a floor that grows alike is no growth."""
    values = _values(compare_lengths([Pair(_run(2), _run(2.4))], [Pair(_run(4), _run(6.0))]))
    assert values["cpu_ratio_growth"] == pytest.approx(1.25)
    assert values["long_cpu_ratio"] == pytest.approx(1.5)
