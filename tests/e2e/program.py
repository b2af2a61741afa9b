"""A `sluice` command in a process and session of its own, watched from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

COMMAND = (sys.executable, "-m", "worker")
PATIENCE = 20.0  # seconds; what takes longer hangs


@dataclass(frozen=True, slots=True)
class End:
    """How it ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float  # from when it was asked for


async def eventually(holds: Callable[[], object], within: float = PATIENCE) -> None:
    """Return once something holds; raises TimeoutError.

    It looks again and again, for what is waited for happens in another process that tells nobody: a vendor counts a
    request, the system forgets a process.
    """
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


class Program:
    """One run of a command; what it wrote so far is in `stdout` and `stderr`. Made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.stdout = self.stderr = ""
        self._process = process
        self._wrote = asyncio.Event()
        self._readers = [asyncio.create_task(self._read(name)) for name in ("stdout", "stderr")]

    @classmethod
    async def start(cls, *argv: str, folder: Path, environ: Mapping[str, str], stdin: int | None = None) -> Self:
        """Start `sluice ARGV` in a folder, with these variables beside the usual ones."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *argv,
            cwd=folder,
            env={**clean_environ(), **environ},
            stdin=stdin or DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id; its session's, too."""
        return self._process.pid

    async def wrote(self, words: str, *, times: int = 1) -> str:
        """Wait until it has written something so often; all it wrote on stdout so far."""
        async with asyncio.timeout(PATIENCE):
            while self.stdout.count(words) < times:
                assert self._process.returncode is None, self.stdout + self.stderr
                self._wrote.clear()
                await self._wrote.wait()
        return self.stdout

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it alone, as a container's runtime does."""
        self._process.send_signal(number)

    async def end(self, within: float = PATIENCE) -> End:
        """Wait for its end; raises TimeoutError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(within):
            code = await self._process.wait()
            seconds = loop.time() - began
            await asyncio.gather(*self._readers)
        return End(code, self.stdout, self.stderr, seconds)

    async def stop(self, within: float = PATIENCE) -> End:
        """Send SIGTERM and wait for its end."""
        self.send(signal.SIGTERM)
        return await self.end(within)

    async def abandon(self) -> None:
        """Kill what is left of it: the end of a test that failed."""
        for pid in session_of(self.pid):
            os.kill(pid, signal.SIGKILL)
        await self.end()

    async def _read(self, name: str) -> None:
        stream = getattr(self._process, name)
        while chunk := await stream.read(65536):
            setattr(self, name, getattr(self, name) + chunk.decode())
            self._wrote.set()
        self._wrote.set()


def clean_environ() -> dict[str, str]:
    """The environment without a developer's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "AWS_"))}


def left_behind(leader: int, folder: Path) -> list[str]:
    """The processes of a session and the files in its temporary folder.

    A moment after its leader's end there are none: multiprocessing's own, which tidies up, outlives it so long.
    """
    return [*map(str, session_of(leader)), *(file.name for file in folder.iterdir())]


def session_of(leader: int) -> list[int]:
    """The processes of a session, from /proc; zombies are not among them."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _belongs(entry, leader)]


def _belongs(entry: Path, leader: int) -> bool:
    try:
        state, _parent, _group, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:  # it has just ended
        return False
    return int(session) == leader and state != "Z"
