"""Promise 7, with marked texts: a secret, and what messages and vendors say, are in no log, metric or error."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.echoing import echoing
from tests.e2e.ordeal import Ordeal, exposed
from tests.e2e.program import eventually
from tests.e2e.terminal import opened
from tests.e2e.test_watch import free_port
from worker.aws.session import Aws, Credentials

KINDS = {  # of events: all that tell of a message, an adapter or a crash
    "adapter.failed",
    "gate.closed",
    "gate.opened",
    "library.logged",
    "message.settled",
    "pipeline.crashed",
    "vendor.blocked",
}
STEPS = {"scope", "prepare", "send", "classify"}
TRAIL = re.compile(r'hostile\.py", line \d+, in _panic\r\n.*\nDeadlyError\r\n', re.DOTALL)
LOGGERS = {"acme", "asyncio", "py.threads", "py.unraisable", "py.warnings"}


@pytest.fixture
def port() -> int:
    """Where a worker says how it is."""
    return free_port()


@pytest.fixture
async def ordeal(unique_name: str, deployment: Deployment, aws: Aws, port: int) -> AsyncIterator[Ordeal]:
    """Set up, for one worker."""
    async with echoing() as (vendor, url):
        ordeal = Ordeal(unique_name, deployment, aws, vendor)
        await ordeal.set_up(url, port=port)
        yield ordeal


async def test_a_worker_that_says_all_it_can_shows_nothing(ordeal: Ordeal, port: int) -> None:
    """Success, every kind of failure, burial, block and crash: not in its log, at /live, /ready or /metrics.

    As JSON, with -v -v and in Python's and asyncio's development modes.
    """
    worker = await ordeal.deployment.start("run", "-v", "-v", PYTHONDEVMODE="1", PYTHONASYNCIODEBUG="1")
    await ordeal.begin(lambda: worker.stdout)
    health = await exposed(port)
    end = await worker.stop()
    assert (end.code, end.stderr) == (0, "")
    await ordeal.check(end.stdout + health)
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    assert {line["event"] for line in lines} >= KINDS
    assert {line["step"] for line in lines if line["event"] == "adapter.failed"} == STEPS
    assert {line["logger"] for line in lines if line["event"] == "library.logged"} == LOGGERS


async def test_a_worker_in_a_terminal_shows_nothing(ordeal: Ordeal) -> None:
    """In colour; and at its end by an error that no fence stops: that is told by its trail alone."""
    async with opened("run", folder=ordeal.deployment.folder, **ordeal.deployment.environ) as terminal:
        await ordeal.begin(lambda: terminal.text)
        await ordeal.send("crashing", "panic")
        assert await terminal.ended() == 1
        await eventually(lambda: TRAIL.search(terminal.text))  # the last of it is read when the process has gone
        await ordeal.check(terminal.text)
    assert "\x1b[" in terminal.text


async def test_dev_shows_nothing(unique_name: str, deployment: Deployment, aws: Aws) -> None:
    """`sluice dev`, from its start to its end by an adapter that ends the process with a text."""
    async with echoing() as (vendor, url):
        ordeal = Ordeal(unique_name, deployment, aws, vendor)
        ordeal.write(url)
        dev = await deployment.start("dev", "-v")
        endpoint = re.search(r"AWS_ENDPOINT_URL=(\S+)", await dev.wrote("pipeline.started", times=4))
        assert endpoint is not None
        async with Aws(region="us-east-1", endpoint=endpoint[1], credentials=Credentials("test", "test")) as its:
            await ordeal.send("hostile", "take", "validate", "prepare", "send", "classify", "warn", "task", aws=its)
            await dev.wrote("message.settled", times=7)
            await ordeal.send("hostile", "exit", aws=its)
            end = await dev.end()
    assert ordeal.marks.seen_in(end.stdout + end.stderr) == {}
    assert (end.code, end.stderr.endswith("SystemExit\n\n")) == (1, True)
