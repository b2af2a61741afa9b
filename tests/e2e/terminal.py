"""A terminal of our own with a `sluice` command in it, as a person has it."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.program import COMMAND, PATIENCE, clean_environ, session_of

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor
_LINES, _COLUMNS = 24, 80
# The shell leads the session, so that the terminal that it opens controls it: Ctrl-C is then the terminal's own.
_TAKE_OVER = 'exec "$@" <>"$0" >&0 2>&0'


class Terminal:
    """What was written is in `text`; made by `opened`."""

    def __init__(self, main: int, end: int, process: asyncio.subprocess.Process) -> None:
        self.text = ""
        self.pid = process.pid
        self._main = main
        self._end = end  # held open, so that its state can be asked for when the command has gone
        self._process = process
        self._before = termios.tcgetattr(end)
        self._wrote = asyncio.Event()

    async def wrote(self, words: str) -> None:
        """Wait until something was written."""
        async with asyncio.timeout(PATIENCE):
            while words not in self.text:
                assert self._process.returncode is None, self.text
                self._wrote.clear()
                await self._wrote.wait()

    def press_ctrl_c(self) -> None:
        """All of the foreground gets SIGINT, children too."""
        os.write(self._main, b"\x03")

    async def ended(self, within: float = PATIENCE) -> int:
        """Wait until the command has ended; its exit code. Raises TimeoutError."""
        async with asyncio.timeout(within):
            return await self._process.wait()

    @property
    def is_as_it_was(self) -> bool:
        """Whether its modes are as before and the cursor can be seen."""
        return termios.tcgetattr(self._end) == self._before and self.text.rfind(SHOW) >= self.text.rfind(HIDE)

    def read(self) -> None:
        """Take what was written; the loop calls this."""
        self.text += os.read(self._main, 65536).decode(errors="replace")
        self._wrote.set()


@asynccontextmanager
async def opened(*argv: str, folder: Path, **environ: Any) -> AsyncIterator[Terminal]:
    """A terminal in which `sluice ARGV` runs; what is left of that at the end is killed."""
    main, end = os.openpty()
    termios.tcsetwinsize(end, (_LINES, _COLUMNS))
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        _TAKE_OVER,
        os.ttyname(end),
        *COMMAND,
        *argv,
        cwd=folder,
        env=clean_environ() | {"TERM": "xterm-256color"} | environ,
        start_new_session=True,
    )
    terminal = Terminal(main, end, process)
    loop = asyncio.get_running_loop()
    loop.add_reader(main, terminal.read)
    try:
        yield terminal
    finally:
        for pid in session_of(process.pid):
            os.kill(pid, 9)
        await process.wait()
        loop.remove_reader(main)
        os.close(main)
        os.close(end)
