"""`python -m worker`, which ends with its parent, however that ends: on Linux; elsewhere it may go on alone."""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def bind(parent: int) -> None:
    """Let the kernel kill this process as soon as `parent`, its parent, has ended; at once if it has by now."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel knew
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    bind(int(sys.argv.pop(1)))
    runpy.run_module("worker", run_name="__main__", alter_sys=True)
