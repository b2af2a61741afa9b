"""A bounded part of many values that speaks for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

SIZE = 100  # values; CloudWatch takes no more in one line of the embedded metric format


class Sample:
    """All values up to `SIZE`; of more, so many at random, each value with the same chance.

    Then average and percentiles are estimates, the extremes may be missing, and sum and sample count are too low: how
    many there were is for a counter to tell. `chance` gives numbers from 0 to 1, 1 excluded.
    """

    __slots__ = ("_chance", "_seen", "_values")

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._seen = 0
        self._values: list[float] = []

    def add(self, value: float) -> None:
        """One more; it takes the place of another where there are `SIZE` already, or none."""
        self._seen += 1
        if len(self._values) < SIZE:
            self._values.append(value)
        elif (place := int(self._chance() * self._seen)) < SIZE:
            self._values[place] = value

    def take(self) -> Sequence[float]:
        """What it holds; it begins anew."""
        values, self._seen, self._values = self._values, 0, []
        return values
