"""The system's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Monotonic seconds and UTC, as the machine has them."""

    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)
