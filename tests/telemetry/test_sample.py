from __future__ import annotations

from random import Random

from worker.telemetry.sample import SIZE, Sample


def test_few_values_are_all_there() -> None:
    """Up to a hundred, in their order; the next ones begin anew."""
    sample = Sample(Random(1).random)
    for number in range(SIZE):
        sample.add(float(number))
    assert list(sample.take()) == [float(number) for number in range(SIZE)]
    sample.add(7.0)
    assert list(sample.take()) == [7.0]
    assert list(sample.take()) == []


def test_of_many_values_each_has_the_same_chance() -> None:
    """Of two thousand, each twentieth's share of many samples is what chance gives, the first's and the last's too."""
    dice, drawn = Random(1), [0] * 20
    for _ in range(200):
        sample = Sample(dice.random)
        for number in range(2000):
            sample.add(float(number))
        values = sample.take()
        assert len(set(values)) == SIZE
        for value in values:
            drawn[int(value // 100)] += 1
    assert all(850 < count < 1150 for count in drawn)  # 1,000 on average, standard deviation 31
