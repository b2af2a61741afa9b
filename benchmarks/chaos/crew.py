"""Real worker processes, and what can be done to them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar

from benchmarks.chaos.gates import Gates
from worker.local.history import History
from worker.model.errors import SluiceError

_ROOT = Path(__file__).resolve().parent.parent.parent  # adapters of ours are found from here
_PATIENCE = 120.0  # seconds: a bound for what hangs, not for what is slow; a start takes two, a stop less than ten

T = TypeVar("T")


class WorkerError(SluiceError):
    """A worker ended as it should not have, or did not get ready."""


@dataclass(slots=True, eq=False)
class Hand:
    """One worker."""

    name: str
    process: Process
    log: Path


class Crew:
    """Workers in one folder; `environ` gives a new one its variables."""

    def __init__(
        self, folder: Path, history: History, gates: Gates, environ: Callable[[str], Awaitable[Mapping[str, str]]]
    ) -> None:
        self.deaths = 0  # by our hand or its own
        self.stopped = 0  # asked for, and in order
        self._folder = folder
        self._history = history
        self._gates = gates
        self._environ = environ
        self._hands: list[Hand] = []
        self._number = 0

    @property
    def hands(self) -> list[Hand]:
        """Those at work, the oldest first."""
        return list(self._hands)

    def said(self) -> Counter[str]:
        """How often which event is in their logs."""
        lines = (line for log in self._folder.glob("*.log") for line in log.read_text(errors="replace").splitlines())
        return Counter(str(json.loads(line)["event"]) for line in lines if line.startswith("{") and line.endswith("}"))

    async def start(self) -> Hand:
        """Start one more, and return at once."""
        self._number += 1
        name = f"w{self._number}"
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.chaos.bound", str(os.getpid()), "run"),
                cwd=self._folder,
                env={**_plain_environ(), **await self._environ(name), "PYTHONPATH": str(_ROOT)},
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        hand = Hand(name, process, log)
        self._hands.append(hand)
        return hand

    async def join(self) -> Hand:
        """Start one more, and return when it has received for the first time; raises WorkerError."""
        hand = await self.start()
        await self.received(hand)
        return hand

    async def received(self, hand: Hand) -> None:
        """Return when it has received for the first time; raises WorkerError."""
        await _unless_it_ends(self._gates.received(hand.name), hand, "does not receive")

    async def at_work(self, hand: Hand) -> None:
        """Return when it has delivered for the first time: it holds more, if there is; raises WorkerError."""
        await _unless_it_ends(self._gates.delivered(hand.name), hand, "delivers nothing")

    async def sending(self, hand: Hand) -> None:
        """Return when its next request is at the vendor; raises WorkerError."""
        await _unless_it_ends(self._gates.sending(hand.name), hand, "sends nothing")

    async def recording(self, hand: Hand) -> None:
        """Return when it has next recorded deliveries, and deleted nothing of it; raises WorkerError."""
        await _unless_it_ends(self._gates.recording(hand.name), hand, "records nothing")

    async def kill(self, hand: Hand) -> None:
        """SIGKILL."""
        hand.process.kill()
        await self._bury(hand)

    async def stop(self, hand: Hand) -> None:
        """SIGTERM, once it has begun; raises WorkerError unless it ends with 0."""
        await self.received(hand)
        hand.process.terminate()
        code = await _in_time(hand.process.wait(), hand, "does not stop")
        self._hands.remove(hand)
        if code:
            raise WorkerError(f"{hand.name} ended with {code}:\n{_end_of(hand.log)}")
        self.stopped += 1

    async def freeze(self, hand: Hand, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        began = monotonic()
        hand.process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            hand.process.send_signal(signal.SIGCONT)
            self._history.froze(hand.name, began, monotonic())

    async def replace(self, hand: Hand) -> Hand:
        """Wait until one has killed itself, and start another at once."""
        await hand.process.wait()
        await self._bury(hand)
        return await self.start()

    async def _bury(self, hand: Hand) -> None:
        self._history.killed(hand.name, monotonic())
        self._hands.remove(hand)
        self.deaths += 1
        await hand.process.wait()

    async def dismiss(self) -> None:
        """Kill what is left of a run that failed."""
        for hand in self._hands:
            if hand.process.returncode is None:
                hand.process.kill()
            await hand.process.wait()


@asynccontextmanager
async def dismissed(crew: Crew) -> AsyncIterator[Crew]:
    """Leave no worker behind."""
    try:
        yield crew
    finally:
        await crew.dismiss()


async def _unless_it_ends(waiting: Coroutine[None, None, None], hand: Hand, complaint: str) -> None:
    event, end = asyncio.create_task(waiting), asyncio.create_task(hand.process.wait())
    try:
        await _in_time(asyncio.wait({event, end}, return_when=asyncio.FIRST_COMPLETED), hand, complaint)
        if not event.done():
            raise WorkerError(f"{hand.name} ended with {end.result()}:\n{_end_of(hand.log)}")
    finally:
        event.cancel()
        end.cancel()


async def _in_time(waiting: Awaitable[T], hand: Hand, complaint: str) -> T:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await waiting
    except TimeoutError:
        raise WorkerError(f"{hand.name} {complaint}:\n{_end_of(hand.log)}") from None


def _plain_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "AWS_"))}


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
