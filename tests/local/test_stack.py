"""The embedded AWS starts by itself and leaves nothing behind, however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from worker.aws.session import Aws
from worker.local import stack as stack_module
from worker.local.stack import EmbeddedAws
from worker.model.errors import ConfigurationError

SCRIPT = """
import asyncio, json
from worker.local.stack import EmbeddedAws

async def main():
    async with EmbeddedAws() as stack:
        print(json.dumps({"pid": stack.pid, "endpoint": stack.endpoint}), flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder in which whatever is left behind shows."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_it_is_gone_when_it_is_left(own_tmp: Path) -> None:
    """Neither the port nor a file stays."""
    async with EmbeddedAws() as stack, stack.aws() as aws:
        assert await aws.account() == "000000000000"
        assert left_in(own_tmp)
    assert not left_in(own_tmp)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(stack.endpoint)


async def test_two_run_side_by_side(embedded_aws: EmbeddedAws) -> None:
    """Each on a port of its own, with queues of its own."""
    async with EmbeddedAws() as other, other.aws() as aws:
        assert other.endpoint != embedded_aws.endpoint
        client = await aws.client("sqs")
        assert not (await client.list_queues()).get("QueueUrls")


@pytest.mark.parametrize(("send", "end"), [(os.kill, signal.SIGKILL), (os.killpg, signal.SIGINT)])
async def test_it_dies_with_its_parent(
    own_tmp: Path, send: Callable[[int, signal.Signals], None], end: signal.Signals
) -> None:
    """The parent killed without a chance to clean up, or both sent Ctrl-C: neither process nor file stays."""
    (script := own_tmp.parent / "parent.py").write_text(SCRIPT)
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    assert parent.stdout is not None
    child = os.pidfd_open(json.loads(await parent.stdout.readline())["pid"])
    send(parent.pid, end)
    await parent.wait()
    await ended(child)
    assert not left_in(own_tmp)


async def test_where_ministack_is_not_installed_it_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to run is in the error."""
    monkeypatch.setattr(stack_module, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"pip install '\.\[demo\]'"):
        async with EmbeddedAws():
            pass


async def test_its_environment_leads_any_sdk_there(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker in another process needs no more than these variables."""
    for name, value in embedded_aws.environment.items():
        monkeypatch.setenv(name, value)
    async with Aws() as aws:
        assert await aws.account() == "000000000000"


def left_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def ended(process: int) -> None:
    """Wait until a process, any process, has ended."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(process, over.set)
    try:
        async with asyncio.timeout(5):
            await over.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)
