from __future__ import annotations

import pytest

from worker.ops.check import check
from worker.settings import Topology


def findings(cpu: int, memory: int) -> list[str]:
    vendors = {"foo": {"adapter": "echo"}}
    pools = {"default": {"cpu": cpu, "memory": memory}}
    topology = Topology.model_validate({"sluice": {"name": "m"}, "vendors": vendors, "pools": pools})
    return [str(finding) for finding in check(topology).findings]


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(256, 512), (256, 2048), (512, 1024), (1024, 8192), (4096, 30720), (8192, 20480), (16384, 122880)],
)
def test_a_size_that_fargate_has_is_well(cpu: int, memory: int) -> None:
    """As AWS's table of task sizes says."""
    assert findings(cpu, memory) == []


@pytest.mark.parametrize(
    ("cpu", "memory", "nearest"),
    [(256, 1536, 2048), (512, 512, 1024), (1024, 16384, 8192), (8192, 17408, 20480), (16384, 32769, 40960)],
)
def test_a_size_that_fargate_has_not_names_the_next_one(cpu: int, memory: int, nearest: int) -> None:
    """The larger one, if there is one."""
    [finding] = findings(cpu, memory)
    assert f"Fargate has no task of {cpu} CPU units with {memory} MiB" in finding
    assert f"write memory = {nearest};" in finding


def test_a_cpu_that_fargate_has_not_names_all_that_it_has() -> None:
    """They double from 256 to 16384."""
    [finding] = findings(300, 512)
    assert "Fargate has no task of 300 CPU units" in finding
    assert "256, 512, 1024, 2048, 4096, 8192, 16384" in finding
