"""What the workers of a run have got to, for whoever waits for it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from worker.local.faultproxy import Seen
from worker.local.history import History
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.simulated import SENDER, SimulatedVendor
from worker.local.witness import Witness

_ARRIVAL = "arrival"


class Gates:
    """Sees all calls and arrivals; the calls it hands on to the history."""

    def __init__(self, history: History, publisher: str) -> None:
        self._witness = Witness(history, frozenset({publisher}))
        self._first: dict[tuple[str, str], asyncio.Event] = {}  # by who, and what
        self._next: dict[tuple[str, str], asyncio.Event] = {}

    def see(self, seen: Seen) -> None:
        """Take note of one call that has ended."""
        self._witness.see(seen)
        if seen.carried_out:
            self._note((seen.door, seen.call.operation))

    def arrive(self, who: str) -> None:
        """Take note of a request that has come to the vendor, and is not answered yet."""
        self._note((who, _ARRIVAL))

    async def received(self, who: str) -> None:
        """Return once a first receive has ended."""
        await self._first_event((who, "sqs:ReceiveMessage")).wait()

    async def delivered(self, who: str) -> None:
        """Return once a first delete has ended: it is in the midst of work, if there is enough of it."""
        await self._first_event((who, "sqs:DeleteMessageBatch")).wait()

    async def sending(self, who: str) -> None:
        """Return when its next request is at the vendor: it has that message in hand."""
        await self._next.setdefault((who, _ARRIVAL), asyncio.Event()).wait()

    async def recording(self, who: str) -> None:
        """Return when it has next told the ledger of deliveries; their messages are not deleted yet."""
        await self._next.setdefault((who, "dynamodb:BatchWriteItem"), asyncio.Event()).wait()

    def _note(self, what: tuple[str, str]) -> None:
        self._first_event(what).set()
        if what in self._next:
            self._next.pop(what).set()

    def _first_event(self, what: tuple[str, str]) -> asyncio.Event:
        return self._first.setdefault(what, asyncio.Event())


class WatchedVendor(SimulatedVendor):
    """A simulated vendor that tells at once what comes."""

    def __init__(self, behaviour: Behaviour, gates: Gates) -> None:
        super().__init__(behaviour)
        self._gates = gates

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Tell, then answer."""
        self._gates.arrive(request.headers.get(SENDER, ""))
        return await super().handle(request)
