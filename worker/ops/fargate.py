"""Whether Fargate has tasks of the size that a pool asks for."""

from __future__ import annotations

from collections.abc import Iterator

from worker.ops.finding import Finding, error
from worker.settings import Topology

_GIB = 1024  # MiB
_MEMORY = {  # MiB, by CPU units: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
    256: (512, 1 * _GIB, 2 * _GIB),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}


def task_sizes(topology: Topology) -> Iterator[Finding]:
    """Check each pool's cpu and memory."""
    for name, pool in topology.pools.items():
        offered = _MEMORY.get(pool.cpu)
        if offered is None:
            yield error(
                f"[pools.{name}] cpu",
                f"Fargate has no task of {pool.cpu} CPU units",
                f"write one of {', '.join(map(str, _MEMORY))}",
            )
        elif pool.memory not in offered:
            nearest = min(offered, key=lambda memory: (memory < pool.memory, abs(memory - pool.memory)))
            yield error(
                f"[pools.{name}] memory",
                f"Fargate has no task of {pool.cpu} CPU units with {pool.memory} MiB",
                f"write memory = {nearest}; with that cpu it takes {offered[0]} to {offered[-1]}",
            )
