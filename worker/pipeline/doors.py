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
        self._keys: dict[Door, str] = {}  # the same, by door

    def of(self, key: str) -> Door:
        """A key's door, to be closed."""
        door = self._doors.get(key)
        if door is None:
            door = self._doors[key] = Door()
            self._keys[door] = key
        self._doors.move_to_end(key)
        if len(self._doors) > _KEPT:
            _, forgotten = self._doors.popitem(last=False)
            del self._keys[forgotten]
        return door

    def known(self, keys: Collection[str]) -> Iterator[Door]:
        """Those of the keys that are not simply open."""
        return (self._doors[key] for key in keys if key in self._doors)

    def forget(self, door: Door) -> None:
        """It is open."""
        if (key := self._keys.pop(door, None)) is not None:
            del self._doors[key]
