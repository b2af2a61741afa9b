"""A limit in memory whose calls can go wrong."""

from __future__ import annotations

import asyncio

from tests.fakes.clock import LoopClock
from tests.fakes.faults import Faults
from worker.model.reservation import Ask, LimitNews, LimitState, Reservation
from worker.pipeline.reservations import MemoryReservations


class FaultyReservations:
    """Port `Reservations`; the operations are reserve, tell, state."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.latency = 0.0  # seconds of a call
        self.asks: list[Ask] = []
        self._item = MemoryReservations(LoopClock())

    async def reserve(self, ask: Ask) -> Reservation:
        await asyncio.sleep(self.latency)
        self.asks.append(ask)
        await self.faults.meet("reserve")
        answer = await self._item.reserve(ask)
        self.faults.answer("reserve")
        return answer

    async def tell(self, news: LimitNews) -> None:
        await self.faults.meet("tell")
        await self._item.tell(news)
        self.faults.answer("tell")

    async def state(self) -> LimitState:
        await asyncio.sleep(self.latency)
        await self.faults.meet("state")
        return await self._item.state()
