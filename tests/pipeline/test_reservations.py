"""Gates of one process share a limit in memory; what they are promised stands in tests/contracts."""

from __future__ import annotations

from tests.fakes.manual_clock import ManualClock
from worker.model.reservation import Ask, Closed, Granted, Later
from worker.pipeline.reservations import MemoryReservations


async def test_gates_share_one_schedule() -> None:
    """What one is given the next is not; what closes it for one closes it for all."""
    clock = ManualClock()
    now = clock.now().timestamp()
    ask = Ask(4, 0.25, now, now + 1.0)
    reservations = MemoryReservations(clock)
    assert await reservations.reserve(ask) == Granted(now, 4, 0.25)
    assert await reservations.reserve(ask) == Granted(now + 1.0, 4, 0.25)
    assert await reservations.reserve(ask) == Later(now + 1.0)
    assert (await reservations.state()).next == now + 2.0
    await reservations.tell(Closed(now + 5))
    assert await reservations.reserve(ask) == Later(now + 5, closed_until=now + 5)
