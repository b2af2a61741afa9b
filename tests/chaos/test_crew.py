"""Workers that a run of the storms starts.

Slow, about five seconds: an embedded AWS of its own, and a worker that has to start.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.chaos

_ROOT = Path(__file__).resolve().parent.parent.parent
_RUNNER = """
import asyncio
import os
import signal

from benchmarks.chaos.site import Kind, opened
from worker.local.stack import EmbeddedAws


async def main():
    async with EmbeddedAws() as stack, opened(stack, "orphan", Kind()) as site:
        print((await site.crew.join()).process.pid, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
_AT_ONCE = 30.0  # seconds: a worker by itself would try for ever


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
async def test_no_worker_outlives_a_runner_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL to the runner, which then can clear up nothing: its worker, at work until then, ends too."""
    (tmp_path / "runner.py").write_text(_RUNNER)
    runner = await asyncio.create_subprocess_exec(
        *(sys.executable, str(tmp_path / "runner.py")),
        env={**os.environ, "PYTHONPATH": str(_ROOT), "TMPDIR": str(tmp_path)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert runner.stdout is not None
    try:
        worker = os.pidfd_open(int(await runner.stdout.readline()))
        try:
            assert not _has_ended(worker, within=0)
            runner.kill()
            assert await asyncio.to_thread(_has_ended, worker, within=_AT_ONCE)
        finally:
            if not _has_ended(worker, within=0):
                signal.pidfd_send_signal(worker, signal.SIGKILL)
            os.close(worker)
    finally:
        if runner.returncode is None:
            runner.kill()
        await runner.communicate()  # its embedded AWS has that pipe too, and ends with it


def _has_ended(process: int, *, within: float) -> bool:
    return bool(select.select([process], [], [], within)[0])
