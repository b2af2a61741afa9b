"""The doors of an entry's keys: one shop's token, one customer's number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator

from worker.pipeline.door import Door

_KEPT = 10_000  # closed doors remembered; the longest unused is forgotten first


class Doors:
    """Only doors that are not open are kept."""

    def __init__(self) -> None:
        self._doors: OrderedDict[str, Door] = OrderedDict()

    def of(self, key: str) -> Door:
        """A key's door, to be closed."""
        door = self._doors.setdefault(key, Door())
        self._doors.move_to_end(key)
        if len(self._doors) > _KEPT:
            self._doors.popitem(last=False)
        return door

    def known(self, keys: Collection[str]) -> Iterator[Door]:
        """Those of the keys that are not simply open."""
        return (self._doors[key] for key in keys if key in self._doors)

    def forget(self, door: Door) -> None:
        """It is open."""
        for key in [key for key, value in self._doors.items() if value is door]:
            del self._doors[key]
