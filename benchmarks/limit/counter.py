"""How often the state table is called."""

from __future__ import annotations

from worker.local.faultproxy import Seen


class Counter:
    """Sees all calls to AWS and remembers when the table was called."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, bool]] = []  # when, and whether it was answered by a refusal

    def see(self, seen: Seen) -> None:
        """Take note of one call that has ended, whatever came of it: it is paid for."""
        if seen.call.operation.startswith("dynamodb:"):
            self._calls.append((seen.at, seen.answer is not None and not seen.carried_out))

    def calls(self, since: float, until: float) -> int:
        """Calls in a stretch of time (monotonic seconds)."""
        return sum(since <= at < until for at, _ in self._calls)

    def refused(self, since: float, until: float) -> int:
        """Those of them whose condition did not hold."""
        return sum(since <= at < until for at, refused in self._calls if refused)
