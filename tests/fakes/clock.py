"""A clock that goes with the running event loop, virtual or not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class LoopClock:
    """The running loop's time; the time of day is counted from `EPOCH`."""

    def monotonic(self) -> float:
        """Seconds of the loop."""
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """`EPOCH` and the loop's seconds."""
        return EPOCH + timedelta(seconds=self.monotonic())
