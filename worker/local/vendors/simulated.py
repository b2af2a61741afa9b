"""One simulated vendor: checks requests, answers by its behaviour and writes down what arrived."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from random import Random
from time import monotonic

from aiohttp import web

from worker.local.vendors.arrivals import Arrival
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.counters import Wire, count
from worker.local.vendors.fate import Fate, fate_of

COUNTERS = "/_sluice/counters"
ARRIVALS = "/_sluice/arrivals"  # [[at, status], …]
SENDER = "Sender"  # a header by which tests tell their workers apart
_KEY_HEADERS = ("Idempotency-Key", "sluice-key")
_LOOK = 0.05  # seconds between two looks at a connection on which nothing is said


class SimulatedVendor:
    """A handler for aiohttp's low-level server; all its state belongs to the server's loop."""

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float] = monotonic) -> None:
        self.behaviour = behaviour
        self.arrivals: list[Arrival] = []
        self._clock = clock
        self._chance = Random(behaviour.seed)  # noqa: S311 - dice, not keys
        self._number = 0
        self._open_arrivals = 0
        self._closings = 0
        self._closed_until = -math.inf

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or a question for what was counted."""
        if request.path == COUNTERS:
            counters = count(self.arrivals, self.behaviour.limit)
            return web.Response(body=Wire.dump_json(counters), content_type="application/json")
        if request.path == ARRIVALS:
            return web.json_response([[arrival.at, arrival.status] for arrival in self.arrivals])
        return await self._arrive(request)

    async def _arrive(self, request: web.BaseRequest) -> web.Response:
        at = self._clock()
        # before the first await, so that what is decided depends on the order of arrivals alone
        self._number += 1
        number, fate, closing = self._number, fate_of(self.behaviour, self._chance.random()), self._closing(at)
        sender = request.headers.get(SENDER)
        key, fault = _read(request, await request.read())
        heard = True
        if closing is not None:
            answer = _refusal(math.ceil(self.behaviour.throttle_for.total_seconds()))
        elif fault is not None and not self.behaviour.takes_anything:
            answer = web.json_response({"error": fault}, status=400)
        else:
            answer = await self._work(number, fate)
            heard = await _heard(request, fate)
        self.arrivals.append(Arrival(at, self._clock(), answer.status, key, closing, heard, sender))
        return answer

    def _closing(self, at: float) -> int | None:
        if at < self._closed_until:
            return self._closings
        self._open_arrivals += 1
        if self._open_arrivals == self.behaviour.throttle_every:
            self._open_arrivals = 0
            self._closings += 1
            self._closed_until = at + self.behaviour.throttle_for.total_seconds()
        return None

    async def _work(self, number: int, fate: Fate) -> web.Response:
        if self.behaviour.latency:
            await asyncio.sleep(self.behaviour.latency.total_seconds())
        if fate is Fate.FAILS:
            return web.json_response({"error": "internal"}, status=500)
        return web.json_response({"ok": True, "id": f"{self.behaviour.name}-{number}"})


async def _heard(request: web.BaseRequest, fate: Fate) -> bool:
    """Whether somebody gets the answer; where it is held back, return when the connection is gone."""
    if fate is Fate.CUT and request.transport is not None:
        request.transport.abort()
    if fate in {Fate.HANGS, Fate.CUT}:
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - aiohttp tells nobody
            await asyncio.sleep(_LOOK)
        return False
    return request.transport is not None and not request.transport.is_closing()


def _refusal(seconds: int) -> web.Response:
    return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": str(seconds)})


def _read(request: web.BaseRequest, body: bytes) -> tuple[str | None, str | None]:
    """What the request is about, and what is wrong with it."""
    key = next((request.headers[name] for name in _KEY_HEADERS if name in request.headers), None)
    if request.method != "POST":
        return key, f"{request.method} instead of POST"
    try:
        json.loads(body)
    except ValueError:
        return key, "the body is not JSON"
    return key, None if key else "no Idempotency-Key"
