"""The system's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from worker.pipeline.clock import SystemClock


def test_monotonic_seconds_are_the_machine_s() -> None:
    """The same clock as the event loop's."""
    before = time.monotonic()
    assert before <= SystemClock().monotonic() <= time.monotonic()


def test_the_time_of_day_is_utc() -> None:
    """With its zone, so that it cannot be taken for another."""
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC
