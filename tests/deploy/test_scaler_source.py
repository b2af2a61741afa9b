"""The scaler's inline source: one file that needs nothing but boto3, and is small enough for a template."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from deploy.ecs.scaler.configuration import scaler_configuration
from deploy.ecs.scaler.source import inline_source
from tests.deploy.conftest import Site
from worker.local.stack import EmbeddedAws
from worker.model.scaling import Terms
from worker.settings import Topology

URLS = {"foo": "https://sqs/foo", "bar": "https://sqs/bar"}


def topology(**foo: object) -> Topology:
    vendors = {"foo": {"adapter": "echo", **foo}, "bar": {"adapter": "echo", "pool": "slow"}}
    pools = {"default": {}, "slow": {"max_tasks": 9}, "empty": {}}
    return Topology.model_validate({"sluice": {"name": "m", "table": True}, "vendors": vendors, "pools": pools})


async def test_it_runs_alone(site: Site, embedded_aws: EmbeddedAws, tmp_path: Path) -> None:
    """As `index.handler` in a folder of its own, where there is no `worker`."""
    (tmp_path / "index.py").write_text(inline_source())
    call = "import index, sys; index.handler({}, None); assert 'worker' not in sys.modules"
    scaler = json.dumps(scaler_configuration(site.topology(), site.urls))
    environ = {**embedded_aws.environment, "SCALER": scaler}
    argv = (sys.executable, "-c", call)
    done = await asyncio.create_subprocess_exec(*argv, cwd=tmp_path, env=environ, stdout=PIPE, stderr=PIPE)
    out, trouble = await done.communicate()
    assert done.returncode == 0, trouble
    assert json.loads(out)["event"] == "scaler.decided"


def test_it_is_small() -> None:
    """A template that is sent along has 51,200 bytes for all."""
    assert len(json.dumps(inline_source())) < 12_000


def test_no_docstring_is_left() -> None:
    """But the one that says where they are."""
    assert inline_source().count('"""') == 2


def test_pools_and_names_are_those_of_the_topology() -> None:
    """A pool without vendors has nothing to decide."""
    found = scaler_configuration(topology(), URLS)
    assert (found["namespace"], found["table"]) == ("Sluice/m", "m-state")
    assert {name: list(pool["vendors"]) for name, pool in found["pools"].items()} == {
        "default": ["foo"],
        "slow": ["bar"],
    }
    assert found["pools"]["slow"]["max_tasks"] == 9
    assert found["pools"]["slow"]["vendors"]["bar"]["queue_url"] == "https://sqs/bar"


def test_terms_are_those_of_the_vendor() -> None:
    """In seconds; the tightest window is the limit; each task has its part of the vendor's connections."""
    entry = {
        "rate": ["10/s", "150/min"],
        "concurrency": 40,
        "max_connections": 20,
        "timeout": "3s",
        "paused": True,
        "scaling": {"latency_goal": "1h"},
        "options": {"batch": 10},
    }
    found = scaler_configuration(topology(**entry), URLS)["pools"]["default"]["vendors"]["foo"]["terms"]
    assert Terms(**found) == Terms(
        concurrency=5, latency_goal=3600.0, timeout=3.0, per_second=2.5, batch=10, paused=True
    )


@pytest.mark.parametrize("entry", [{}, {"rate": "80/s", "limit_key": "shop/{shop}"}])
def test_where_the_whole_has_no_limit_there_is_none(entry: dict[str, str]) -> None:
    """One for each shop does not bound them all."""
    found = scaler_configuration(topology(**entry), URLS)["pools"]["default"]["vendors"]["foo"]["terms"]
    assert found["per_second"] is None
