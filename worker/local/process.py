"""A child process that dies with its parent, however the parent dies."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from worker.model.errors import SluiceError

Report = Callable[[Any], None]

_SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the event loop and every open socket
_PATIENCE = timedelta(seconds=0.5)  # between SIGTERM and SIGKILL: a stop takes less than a second


class ProcessError(SluiceError):
    """A child process ended before it was ready, or did not get ready in time."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder of the child's own, removed with it when its parent dies; its output goes to `log` in there."""

    folder: Path

    @property
    def log(self) -> Path:
        """What the child printed."""
        return self.folder / "output.log"


class Process:
    """Runs `target(report)`, a module-level function or a partial of one, in a child for as long as it is entered.

    The target calls `report(value)` once, when it is ready: entering waits for that and `reported` then holds the
    value. Raises ProcessError where it ends before. The child ignores Ctrl-C, which goes to the whole terminal: its
    parent says when to end. `name` is for error texts.
    """

    def __init__(
        self,
        name: str,
        target: Callable[[Report], None],
        *,
        scratch: Scratch | None = None,
        ready_within: timedelta = timedelta(seconds=30),
    ) -> None:
        self.reported: Any = None
        self._name = name
        self._scratch = scratch
        self._ready_within = ready_within
        self._lifeline_end, self._lifeline = _SPAWN.Pipe(duplex=False)
        self._report_end, self._report = _SPAWN.Pipe(duplex=False)
        start = (target, self._lifeline_end, self._report, scratch)
        # daemon: else, where the loop is torn (SystemExit in a task), the interpreter would wait for it at its own end
        self._child = _SPAWN.Process(target=_live, args=start, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._child.pid

    def last_words(self) -> str:
        """The end of what the child printed, to be put behind a message."""
        if self._scratch is None or not self._scratch.log.exists():
            return ""
        return ":\n" + "\n".join(self._scratch.log.read_text(errors="replace").splitlines()[-20:])

    async def __aenter__(self) -> Self:
        self._start()
        try:
            self.reported = await self._readiness()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stop()

    def _start(self) -> None:
        # Blocked here, the child inherits it blocked and cannot die of a Ctrl-C before it ignores it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._child.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._lifeline_end.close()
        self._report.close()  # the child's copy is then the only one: its death is the end of the pipe

    async def _readiness(self) -> Any:
        if not await _readable(self._report_end.fileno(), self._ready_within):
            raise ProcessError(f"{self._name} was not ready within {self._ready_within.total_seconds():.0f} s")
        try:
            return self._report_end.recv()
        except EOFError:
            raise ProcessError(f"{self._name} ended before it was ready{self.last_words()}") from None

    async def _stop(self) -> None:
        self._child.terminate()
        try:
            await _readable(self._child.sentinel, _PATIENCE)
        finally:
            self._child.kill()
            self._child.join()
            self._child.close()
            self._lifeline.close()
            self._report_end.close()


async def _readable(descriptor: int, patience: timedelta) -> bool:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True


def _live(target: Callable[[Report], None], lifeline: Connection, report: Connection, scratch: Scratch | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_die_with_parent, args=(lifeline, scratch), daemon=True).start()
    if scratch is not None:
        _print_to(scratch.log)
    target(report.send)


def _die_with_parent(lifeline: Connection, scratch: Scratch | None) -> None:
    lifeline.poll(None)  # nothing is ever sent: it returns when the parent's end is closed, by its death if need be
    if scratch is not None:
        shutil.rmtree(scratch.folder, ignore_errors=True)
    os._exit(0)


def _print_to(log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
