"""A child process is awaited until ready, told to end, and gone within a second."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from worker.local.process import Process, ProcessError, Report, Scratch


def quiet(report: Report) -> None:
    report("ready")
    signal.pause()


def stubborn(report: Report) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    quiet(report)


def broken(_report: Report) -> None:
    sys.stderr.write("no such file: sluice.toml\n")
    raise SystemExit(1)


def silent(_report: Report) -> None:
    signal.pause()


def interrupted(report: Report, *, answer: str) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    quiet(lambda _: report(answer))


@pytest.mark.parametrize("target", [quiet, stubborn])
async def test_it_is_gone_within_a_second(target: object) -> None:
    """Asked first, then killed."""
    loop = asyncio.get_running_loop()
    async with Process("child", target) as child:
        assert child.reported == "ready"
        pid = child.pid
        began = loop.time()
    assert loop.time() - began < 1
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_ctrl_c_does_not_end_it() -> None:
    """It goes to the whole terminal: the parent decides what ends when."""
    async with Process("child", partial(interrupted, answer="alive")) as child:
        assert child.reported == "alive"


async def test_one_that_ends_before_it_is_ready_tells_why(tmp_path: Path) -> None:
    """Its last words are in the error."""
    with pytest.raises(ProcessError, match=r"child ended before it was ready:\n.*no such file"):
        async with Process("child", broken, scratch=Scratch(tmp_path)):
            pass


async def test_one_that_does_not_get_ready_is_ended() -> None:
    """A deadline, not a hang."""
    with pytest.raises(ProcessError, match="not ready within"):
        async with Process("child", silent, ready_within=timedelta(milliseconds=100)):
            pass
