"""The AWS that is measured against: fauxqs where Node is there, else the embedded one."""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from worker.aws.session import Aws, Credentials
from worker.local.emulator import HOST
from worker.local.stack import EmbeddedAws
from worker.model.errors import SluiceError

_PACKAGE, _VERSION = "fauxqs", "2.4.1"
_SERVER = Path(__file__).with_name("fauxqs.mjs")
_READY_SECONDS = 30


class EmulatorError(SluiceError):
    """fauxqs could not be installed, or did not start."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One that runs."""

    name: str
    endpoint: str


@asynccontextmanager
async def emulator() -> AsyncIterator[Emulator]:
    """Run one as long as this is entered; raises EmulatorError, ConfigurationError or ProcessError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        async with EmbeddedAws() as stack:
            yield Emulator("the embedded AWS", stack.endpoint)
    else:
        async with _fauxqs(node, await _installed(npm)) as endpoint:
            yield Emulator(f"{_PACKAGE} {_VERSION}", endpoint)


def way_to(endpoint: str) -> Aws:
    """The way to an emulator, whatever the environment says."""
    return Aws(region="us-east-1", endpoint=endpoint, credentials=Credentials("test", "test"))


async def _installed(npm: str) -> Path:
    """The package's entry, in the user's cache folder; npm is asked only if it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sluice" / f"{_PACKAGE}-{_VERSION}"
    entry = folder / "node_modules" / _PACKAGE / "dist" / "app.js"
    if not entry.exists():
        folder.mkdir(parents=True, exist_ok=True)
        call = (npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"{_PACKAGE}@{_VERSION}")
        process = await asyncio.create_subprocess_exec(
            *call, stdin=DEVNULL, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        if process.returncode or not entry.exists():
            raise EmulatorError(f"npm did not install {_PACKAGE} {_VERSION}:\n{output.decode(errors='replace')}")
    return entry


@asynccontextmanager
async def _fauxqs(node: str, entry: Path) -> AsyncIterator[str]:
    # It ends when its standard input does: our end of that pipe is closed even by a SIGKILL.
    process = await asyncio.create_subprocess_exec(node, str(_SERVER), entry.as_uri(), stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READY_SECONDS):
            port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise EmulatorError(f"{_PACKAGE} ended before it was ready")
        yield f"http://{HOST}:{port}"
    finally:
        process.stdin.close()
        await process.wait()
