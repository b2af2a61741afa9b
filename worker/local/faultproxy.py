"""An HTTP proxy before the embedded AWS, which disturbs calls by plan and tells what it saw of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Self, assert_never

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from worker.local.awscall import Call, call_of
from worker.local.emulator import HOST
from worker.local.faults import FailSome, Fault, Hang, Mute, Plan, Refuse, Reset, Slow

_OWN_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_LOOK = 0.05  # seconds between two looks at a connection on which nothing is said


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS, or the proxy in its place, said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """One call; times are monotonic seconds, the same for all processes of a machine."""

    door: str  # whose call
    call: Call
    at: float  # it came
    answered: float
    answer: Answer | None  # AWS's; None: it was not carried out
    heard: bool  # the caller got an answer
    fault: Fault | None

    @property
    def carried_out(self) -> bool:
        """Whether AWS did it, all or, as the reply says, a part."""
        return self.answer is not None and self.answer.status == 200

    @property
    def reply(self) -> Mapping[str, Any]:
        """Members of a JSON answer; none where the call failed."""
        if self.answer is None or not self.carried_out or self.call.protocol != "json":
            return {}
        reply: Mapping[str, Any] = json.loads(self.answer.body or b"{}")
        return reply


class FaultProxy:
    """Runs in this loop as long as it is entered; each caller comes in by a door of its own."""

    def __init__(self, upstream: str, plan: Plan, see: Callable[[Seen], None]) -> None:
        self._upstream = upstream
        self._plan = plan
        self._see = see
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # As many connections as callers have: a long poll must not hold up another's delete.
        connector = aiohttp.TCPConnector(limit=0)
        session = aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()

    async def door(self, name: str) -> str:
        """Open one; returns its endpoint."""
        runner = web.ServerRunner(web.Server(partial(self._handle, name), access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, 0).start()
        return f"http://{HOST}:{runner.addresses[0][1]}"

    async def _handle(self, door: str, request: web.BaseRequest) -> web.StreamResponse:
        at = monotonic()
        if request.headers.get("Expect", "").lower() == "100-continue":  # S3's clients wait for it
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        call = call_of(request.method, request.headers, await request.read(), request.raw_path)
        fault = self._plan.fault_of(call, door)
        carried_out, told = await self._disturbed(request, call, fault)
        if told is not None and self._plan.severed(call, door):
            fault, told = Reset(), None
        heard = told is not None and not _is_gone(request)
        self._see(Seen(door, call, at, monotonic(), carried_out, heard, fault))
        if told is None:
            _cut(request)
            return web.Response(status=500)  # nobody gets it
        return web.Response(status=told.status, headers=CIMultiDict(told.headers), body=told.body)

    async def _disturbed(
        self, request: web.BaseRequest, call: Call, fault: Fault | None
    ) -> tuple[Answer | None, Answer | None]:
        """What AWS said, and what its caller is told."""
        match fault:
            case None:
                answer = await self._forward(request, call)
                return answer, answer
            case Refuse(status, code):
                return None, _refusal(call, status, code)
            case Hang(seconds):
                await _wait(request, seconds)
                return None, None
            case Reset():
                return None, None
            case Slow(seconds):
                await asyncio.sleep(seconds)
                answer = await self._forward(request, call)
                return answer, answer
            case Mute():
                return await self._forward(request, call), None
            case FailSome():
                return await self._fail_some(request, call, fault)
            case _ as never:
                assert_never(never)

    async def _fail_some(self, request: web.BaseRequest, call: Call, fault: FailSome) -> tuple[Answer | None, Answer]:
        failed = [entry for entry in call.entries if self._plan.dice.random() < fault.ratio]
        left = [entry for entry in call.entries if entry not in failed]
        if call.entries and not left:
            return None, _with_failures(_EMPTY, failed, fault.code)
        answer = await self._forward(request, call.with_entries(left) if failed else call)
        return answer, _with_failures(answer, failed, fault.code) if failed and answer.status == 200 else answer

    async def _forward(self, request: web.BaseRequest, call: Call) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_HOP}
        async with self._session.request(
            request.method, self._upstream + request.raw_path, headers=headers, data=call.body, allow_redirects=False
        ) as response:
            body = await response.read()
            kept = {name: value for name, value in response.headers.items() if name.lower() not in _OWN_HOP}
            return Answer(response.status, kept, body)


_EMPTY = Answer(200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}")


def _with_failures(answer: Answer, failed: Sequence[Mapping[str, Any]], code: str) -> Answer:
    reply = json.loads(answer.body or b"{}")
    told = [{"Id": entry["Id"], "Code": code, "SenderFault": False, "Message": "injected"} for entry in failed]
    body = {**reply, "Failed": [*(reply.get("Failed") or ()), *told]}
    return Answer(answer.status, answer.headers, json.dumps(body).encode())


def _refusal(call: Call, status: int, code: str) -> Answer:
    """An error as the protocol tells it."""
    if call.protocol == "json":
        body = json.dumps({"__type": f"com.amazonaws.{call.operation.partition(':')[0]}#{code}", "message": "injected"})
        return Answer(status, {"Content-Type": "application/x-amz-json-1.0"}, body.encode())
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>injected</Message></Error>"
    text = error if call.protocol == "rest" else f"<ErrorResponse>{error}<RequestId>-</RequestId></ErrorResponse>"
    return Answer(status, {"Content-Type": "text/xml"}, text.encode())


async def _wait(request: web.BaseRequest, seconds: float) -> None:
    """Return after so long, or when the caller has gone."""
    until = monotonic() + seconds
    while monotonic() < until and not _is_gone(request):  # noqa: ASYNC110 - aiohttp tells nobody
        await asyncio.sleep(_LOOK)


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
