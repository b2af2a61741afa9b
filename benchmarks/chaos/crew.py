"""Real worker processes, and what can be done to them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from worker.local.history import History
from worker.model.errors import SluiceError

_ROOT = Path(__file__).resolve().parent.parent.parent  # adapters of ours are found from here
_START_SECONDS = 30.0  # imports and a first poll, on a busy machine
_STOP_SECONDS = 15.0  # grace, flush and a long poll, on a busy machine


class WorkerError(SluiceError):
    """A worker ended as it should not have, or did not get ready."""


@dataclass(slots=True, eq=False)
class Hand:
    """One worker."""

    name: str
    process: Process
    log: Path


class Crew:
    """Workers in one folder; `environ` gives a new one its variables, `ready` waits for its first receive."""

    def __init__(
        self,
        folder: Path,
        history: History,
        environ: Callable[[str], Awaitable[Mapping[str, str]]],
        ready: Callable[[str], Awaitable[None]],
    ) -> None:
        self.deaths = 0  # by our hand or its own
        self.stopped = 0  # asked for, and in order
        self._folder = folder
        self._history = history
        self._environ = environ
        self._ready = ready
        self._hands: list[Hand] = []
        self._number = 0

    @property
    def hands(self) -> list[Hand]:
        """Those at work, the oldest first."""
        return list(self._hands)

    async def start(self) -> Hand:
        """Start one more, and return at once."""
        self._number += 1
        name = f"w{self._number}"
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "worker", "run"),
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
        await self._received(hand)
        return hand

    async def kill(self, hand: Hand) -> None:
        """SIGKILL."""
        hand.process.kill()
        await self._bury(hand)

    async def stop(self, hand: Hand) -> None:
        """SIGTERM, once it has begun; raises WorkerError unless it ends with 0, in time."""
        await self._received(hand)
        self._hands.remove(hand)
        hand.process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                code = await hand.process.wait()
        except TimeoutError:
            self._hands.append(hand)  # for whoever clears up
            raise WorkerError(f"{hand.name} does not stop:\n{_end_of(hand.log)}") from None
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

    async def _received(self, hand: Hand) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._ready(hand.name)
        except TimeoutError:
            raise WorkerError(f"{hand.name} does not receive:\n{_end_of(hand.log)}") from None

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


def _plain_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "AWS_"))}


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
