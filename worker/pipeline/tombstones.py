"""Messages that were delivered and whose delete is not confirmed."""

from __future__ import annotations

from collections import OrderedDict

from worker.model.message import MessageId

_KEPT = 10_000  # the oldest is forgotten first; then the vendor may see its message twice


class Tombstones:
    """When such a message comes again it is deleted unsent. In memory: another task does not know."""

    def __init__(self) -> None:
        self._ids: OrderedDict[MessageId, None] = OrderedDict()

    def add(self, message: MessageId) -> None:
        """It was delivered."""
        self._ids[message] = None
        if len(self._ids) > _KEPT:
            self._ids.popitem(last=False)

    def __contains__(self, message: MessageId) -> bool:
        return message in self._ids

    def discard(self, message: MessageId) -> None:
        """It is deleted now."""
        self._ids.pop(message, None)
