"""An adapter that fails in every way it can, with body and secret in the texts and locals of all that it raises.

A copy of it lies beside the topology of the tests that use it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NoReturn, Self

import aiohttp
from pydantic import BaseModel, field_validator

from worker.model.message import Job, Publication
from worker.model.outcome import Blocked, Continue, Delivered, Outcome, Partial, Rejected, Scope, Throttled
from worker.ports import Traits, VendorContext
from worker.vendors.lib.options import Options
from worker.vendors.lib.rest import Reply, Request, RestVendor


class HostileOptions(Options):
    """Where its requests go, and what they say of who sends them."""

    url: str
    user: str
    password: str


class Deed(BaseModel, extra="forbid"):
    """What a message has it do, and the marked text with which it does that."""

    do: str
    text: str

    @field_validator("text")
    @classmethod
    def _not_this_one(cls, text: str, info: Any) -> str:
        if info.data.get("do") == "validate":
            raise KeyError(f"{text!r} in {info.data}")
        return text


class DeadlyError(BaseException):
    """As a panic of a library in Rust is: no Exception, so no fence stops it."""


class Hostile(RestVendor[HostileOptions, Deed]):
    """`do` names a step that fails, an outcome, or how else a text could get out."""

    def __init__(self, options: HostileOptions, context: VendorContext) -> None:
        super().__init__(options, context)
        self.traits = Traits(idempotent=True, scope=self._scope)
        self._secret = ""
        self._crashed = False
        self._throttled: set[str] = set()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Open, with a task group of its own whose failure is the pipeline's."""
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        assert self.context.secret is not None
        self._secret = await self.context.secret()
        return await super().__aenter__()

    async def __aexit__(self, *raised: object) -> None:
        """Close."""
        await super().__aexit__(*raised)  # type: ignore[arg-type]
        await self._group.__aexit__(*raised)  # type: ignore[arg-type]

    def _scope(self, deed: Deed) -> str:
        if deed.do == "scope":
            self._fail(deed)
        return deed.text

    def request(self, job: Job[Deed]) -> Request:
        """One that carries the secret as HTTP Basic."""
        if job.payload.do == "prepare":
            self._fail(job.payload)
        body = {**job.payload.model_dump(), "cursor": job.cursor}
        return Request("POST", self.options.url, auth=(self.options.user, self.options.password), json=body)

    async def send(self, request: Request) -> Reply:
        """Send it, and do what its message says."""
        reply = await super().send(request)
        deed = Deed.model_validate({name: value for name, value in dict(request.json).items() if name != "cursor"})  # type: ignore[call-overload]
        if deed.do in _WAYS_OUT:
            await _WAYS_OUT[deed.do](self, f"{deed} {self._secret}")
        return reply

    def classify(self, reply: Reply, jobs: Sequence[Job[Deed]]) -> Sequence[Outcome]:
        """What its message says."""
        (job,) = jobs
        deed, text = job.payload, job.payload.text
        outcomes: dict[str, Outcome] = {
            "round": Delivered() if job.cursor == text else Continue(text),
            "follow": Delivered((Publication(text), Publication(text, topic="messages"))),
            "follow wrongly": Delivered((Publication(f"{text}\0{self._secret}"),)),
            "block": Blocked(f"{reply.text} {self._secret}", Scope(f"blocked {text}")),
            "throttle": Delivered() if job.key in self._throttled else Throttled(timedelta(0), Scope(f"slow {text}")),
            "rows": Partial(None, deed.model_dump_json()),
            "reject": Rejected("no such recipient", "gone"),
        }
        if deed.do == "classify":
            self._fail(deed)
        self._throttled.add(job.key)
        return [outcomes.get(deed.do, Delivered())]

    def _fail(self, deed: Deed) -> NoReturn:
        body, secret = deed.model_dump_json(), self._secret
        raise ValueError(f"{body} {secret}") from KeyError(secret, body)

    async def break_off(self, text: str) -> None:
        """Have the pipeline crash, once."""
        if not self._crashed:
            self._crashed = True
            self._group.create_task(_raise(text))
            await asyncio.Event().wait()


# How a text could get out, each given one with body and secret.


async def _raise(text: str) -> NoReturn:
    raise RuntimeError(text) from ExceptionGroup(text, [KeyError(text)])


async def _time_out(_: Hostile, text: str) -> NoReturn:
    raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {text}")


async def _panic(_: Hostile, text: str) -> NoReturn:
    raise DeadlyError(text) from KeyError(text)


async def _exit(_: Hostile, text: str) -> NoReturn:
    raise SystemExit(text)


async def _send(_: Hostile, text: str) -> NoReturn:
    await _raise(text)


async def _warn(_: Hostile, text: str) -> None:
    warnings.warn(text, stacklevel=1)
    Deed.model_construct(do=text.encode(), text=text).model_dump_json()  # type: ignore[arg-type]  # pydantic quotes it


async def _leave_task(_: Hostile, text: str) -> None:
    asyncio.get_running_loop().create_task(_raise(text)).set_name(text)


async def _leave_callback(_: Hostile, text: str) -> None:
    asyncio.get_running_loop().call_soon({}.__getitem__, text)


async def _leave_thread(_: Hostile, text: str) -> None:
    threading.Thread(target={}.__getitem__, args=(text,), name=text).start()


async def _leave_rubbish(_: Hostile, text: str) -> None:
    class Rubbish:
        def __del__(self) -> None:
            raise RuntimeError(text)

    Rubbish()


async def _log(_: Hostile, text: str) -> None:
    try:
        await _raise(text)
    except RuntimeError:
        logging.getLogger("acme").exception(f"{text} %s", text, extra={"text": text}, stack_info=True)  # noqa: G004
        logging.getLogger("acme").warning("%d", text)  # cannot be formatted: logging itself would quote it


_WAYS_OUT: dict[str, Callable[[Hostile, str], Any]] = {
    "send": _send,
    "time out": _time_out,
    "crash": Hostile.break_off,
    "panic": _panic,
    "exit": _exit,
    "warn": _warn,
    "task": _leave_task,
    "callback": _leave_callback,
    "thread": _leave_thread,
    "rubbish": _leave_rubbish,
    "log": _log,
}
