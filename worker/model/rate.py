"""A vendor's limit: one or more windows, all of which must hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import gcd

_UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*([a-z]+)\s*")
_DECIMALS = 10**15  # what divides it makes a finite decimal fraction
_MOST = 10**9  # requests in one window; each is remembered, and no process sends more
_FORMS = '"80/s", "150/min", "5000/h", "100000/d", "0.5/s", or a list of them'


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` requests in any `seconds`."""

    limit: int
    seconds: float

    @property
    def per_second(self) -> float:
        """The mean rate that it allows."""
        return self.limit / self.seconds

    def __str__(self) -> str:
        """As a topology would say it, where it can."""
        for unit in ("s", "min", "h", "d"):
            units = Fraction(self.seconds) / _UNITS[unit]
            if gcd(self.limit, units.numerator) == units.denominator == 1 and _DECIMALS % units.numerator == 0:
                return f"{Decimal(self.limit) / units.numerator:f}/{unit}"
        return f"{self.limit}/{self.seconds:g}s"


@dataclass(frozen=True, slots=True)
class Rate:
    """Windows, the shortest first."""

    windows: tuple[Window, ...]

    @property
    def per_second(self) -> float:
        """The mean rate that all windows together allow."""
        return min(window.per_second for window in self.windows)

    def __str__(self) -> str:
        return ", ".join(str(window) for window in self.windows)


def parse_rate(value: object) -> Rate:
    """Read `"80/s"` or a list of such; a fraction becomes a longer window (`"0.5/s"` is one in two seconds).

    Raises ValueError that names the wrong part and the valid forms.
    """
    texts = value if isinstance(value, list | tuple) else [value]
    if not texts:
        raise ValueError(f"a rate needs at least one window: {_FORMS}")
    return Rate(tuple(sorted((_window(text) for text in texts), key=lambda window: window.seconds)))


def _window(text: object) -> Window:
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    unit = _UNITS.get(found[2]) if found else None
    if found is None or unit is None:
        raise ValueError(f"{text!r} is not a rate; write {_FORMS}")
    count = Fraction(found[1])
    if count <= 0:
        raise ValueError(f"{text!r} lets nothing through; to stop a vendor, pause it")
    if count.numerator > _MOST:
        raise ValueError(f"{text!r} is more than can be counted: at most {_MOST} in a window")
    return Window(count.numerator, float(unit * count.denominator))
