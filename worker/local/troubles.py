"""What befell the workers and their machine while a history was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from worker.local.history import Disturbed, Frozen, History, Killed, Stalled, Trouble

SLACK = 1.0  # seconds between a worker's decision to send and the vendor's clock, on a busy machine
_TABLE = "dynamodb:"
_LEFT_ALONE = 6.0  # seconds: a worker whose call to the state table failed does without the table for five

_T = TypeVar("_T", Killed, Frozen, Stalled)


class Troubles:
    """Asked by who and when: from `start` to `end`, monotonic seconds."""

    def __init__(self, history: History) -> None:
        self._all = history.troubles
        self._cuts = [
            event for event in history.events if isinstance(event, Disturbed) and event.operation.startswith(_TABLE)
        ]

    def killed(self, who: str, start: float, end: float) -> bool:
        """Whether it died then."""
        return any(killed.who == who and start <= killed.at <= end for killed in self._of(Killed))

    def frozen(self, who: str, start: float, end: float) -> bool:
        """Whether it stood still for any of that time."""
        return any(frozen.who == who and frozen.at <= end and frozen.until >= start for frozen in self._of(Frozen))

    def stalled(self, start: float, end: float) -> bool:
        """Whether the machine did."""
        return any(stalled.at <= end and stalled.until >= start for stalled in self._of(Stalled))

    def cut_off(self, who: str, start: float, end: float) -> bool:
        """Whether it may not have asked the ledger, or had no answer."""
        cut = any(cut.who == who and start - _LEFT_ALONE <= cut.at <= end for cut in self._cuts)
        return cut or self.stalled(start, end)

    def about(self, workers: frozenset[str]) -> Sequence[Trouble]:
        """Those that concern any of these workers."""
        return [trouble for trouble in self._all if isinstance(trouble, Stalled) or trouble.who in workers]

    def _of(self, kind: type[_T]) -> list[_T]:
        return [trouble for trouble in self._all if isinstance(trouble, kind)]
