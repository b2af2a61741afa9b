"""One process's way to what is neither a queue nor a vendor: the topic, the ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from tests.fakes.ledger import SharedLedger
from tests.model_based.hand import Hand
from tests.model_based.troubles import Fault, Lost, Slow
from worker.model.errors import UnavailableError
from worker.model.message import Publication
from worker.ports import Claim, LedgerKey, Ours

T = TypeVar("T")


@dataclass(slots=True)
class Topic:
    """What all processes have published: key and round of the job that each follows from, and when at first."""

    published: dict[tuple[str, str | None], float] = field(default_factory=dict)


class TopicDoor:
    """Port `Publications`."""

    def __init__(self, hand: Hand, topic: Topic) -> None:
        self._hand = hand
        self._topic = topic

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Return when they are with SNS."""

        async def act() -> None:
            for publication in publications:
                told = json.loads(publication.body)
                self._topic.published.setdefault((told["of"], told["round"]), asyncio.get_running_loop().time())

        if self._hand.alive:
            await _under(self._hand.troubles.meet("publish"), act)


class LedgerDoor:
    """Port `Ledger`; `known` says since when each delivery is known."""

    def __init__(self, hand: Hand, ledger: SharedLedger, known: dict[LedgerKey, float]) -> None:
        self._hand = hand
        self._ledger = ledger
        self._known = known

    async def delivered(self, keys: Sequence[LedgerKey]) -> frozenset[LedgerKey]:
        """As the port says."""
        return await self._call(lambda: self._ledger.delivered(keys), frozenset())

    async def claim(self, key: LedgerKey, lasting: timedelta) -> Claim:
        """As the port says."""
        return await self._call(lambda: self._ledger.claim(key, lasting), Ours())

    async def record(self, keys: Sequence[LedgerKey]) -> None:
        """As the port says."""

        async def act() -> None:
            await self._ledger.record(keys)
            for key in keys:
                self._known.setdefault(key, asyncio.get_running_loop().time())
                self._hand.log.recorded(self._hand.who, key)

        await self._call(act, None)

    async def _call(self, act: Callable[[], Awaitable[T]], nothing: T) -> T:
        if not self._hand.alive:
            return nothing
        if (fault := self._hand.troubles.meet("ledger")) is None:
            return await act()
        try:
            self._hand.log.ledger_disturbed(self._hand.who, type(fault).__name__)
            return await _under(fault, act)
        finally:  # its caller may have given up, and may have stood still before
            self._hand.log.ledger_disturbed(self._hand.who, "over")


async def _under(fault: Fault | None, act: Callable[[], Awaitable[T]]) -> T:
    match fault:
        case None:
            return await act()
        case Lost():
            await act()
        case Slow(before, after):
            await asyncio.sleep(before)
            answer = await act()
            await asyncio.sleep(after)
            return answer
    await asyncio.sleep(0.1)
    raise UnavailableError("failed, or its answer was lost")
