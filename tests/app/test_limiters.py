"""Each entry gets its limits as it shares them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.fakes.telemetry import RecordedTelemetry
from worker.app.keepers import Keepers
from worker.app.limiters import Ground, TopologyLimiters
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.model.names import Names
from worker.model.rate import parse_rate
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.pipeline.fleet import FleetThrottle
from worker.pipeline.limiter import LimitByValue, Limiter
from worker.pipeline.sole import SoleThrottle
from worker.pipeline.throttle import Throttle
from worker.settings import Topology

LONG = ["80/s", "5000/h"]


def topology(name: str = "m", *, table: bool = False, **vendors: dict[str, Any]) -> Topology:
    entries = {vendor: {"adapter": "echo", **entry} for vendor, entry in vendors.items()}
    return Topology.model_validate({"sluice": {"name": name, "table": table}, "vendors": entries})


class Maker:
    """Makes limits for a topology, and ends them."""

    def __init__(self, stack: AsyncExitStack, keepers: Keepers, aws: Aws) -> None:
        self._stack, self._keepers, self._aws = stack, keepers, aws

    async def __call__(self, wanted: Topology) -> dict[str, Limiter | None]:
        clock, table = SystemClock(), None
        if wanted.sluice.table:
            await up(wanted, self._aws)
            table = await StateTable.open(self._aws, Names(wanted.sluice.name).table, clock)
        ground = Ground(wanted, table, clock, RecordedTelemetry(), self._keepers, self._stack)
        self.limiters = TopologyLimiters(ground)
        self.all = {name: await self.limiters.of(name, entry) for name, entry in wanted.vendors.items()}
        return {name: each.only for name, each in self.all.items()}


@pytest.fixture
async def make(aws: Aws) -> AsyncIterator[Maker]:
    async with Keepers() as keepers, AsyncExitStack() as stack:
        yield Maker(stack, keepers, aws)


async def test_without_a_table_a_process_keeps_its_limits_alone(make: Maker) -> None:
    """All of it, or its part where it is split; none where there is no rate."""
    made = await make(
        topology(one={"rate": "80/s"}, part={"rate": "80/s", "share": "split"}, free={}, fleet={"share": "fleet"})
    )
    assert isinstance(made["one"].pacer, Throttle)
    assert made["one"].pacer.steady(1.0) == 80
    assert made["part"].pacer.steady(1.0) == 10
    assert made["free"].pacer is made["fleet"].pacer is None


async def test_with_a_table_one_task_sends_or_the_fleet_does(make: Maker, unique_name: str) -> None:
    """`one` holds a right in the table, `fleet` reserves there; a window above a minute is always counted there."""
    made = await make(
        topology(
            unique_name,
            table=True,
            one={"rate": "80/s"},
            fleet={"rate": "80/s", "share": "fleet"},
            long={"rate": LONG},
            part={"rate": "80/s", "share": "split"},
        )
    )
    kinds = {name: type(limiter.pacer) for name, limiter in made.items()}
    assert kinds == {"one": SoleThrottle, "fleet": FleetThrottle, "long": FleetThrottle, "part": Throttle}
    assert set(make.limiters.fellows) == {"fleet", "long"}
    assert made["fleet"].fleet is made["fleet"].pacer


async def test_entries_with_one_limit_key_share_one_limit(make: Maker) -> None:
    """Its throttle and its cooldown."""
    made = await make(
        topology(
            a={"rate": "80/s", "limit_key": "waba"},
            b={"rate": "80/s", "limit_key": "waba"},
            c={"rate": "80/s"},
        )
    )
    assert made["a"] is made["b"]
    assert made["a"] is not made["c"]


async def test_a_limit_key_with_fields_has_a_limit_for_each_value(make: Maker, unique_name: str) -> None:
    """Shared by the entries that name it; one task has the right to all of its values."""
    entry = {"rate": "2/s", "limit_key": "shop/{shop}"}
    made = await make(topology(unique_name, table=True, a=entry, b=entry))
    assert made == {"a": None, "b": None}
    limits = make.all["a"]
    assert limits is make.all["b"]
    assert isinstance(limits, LimitByValue)
    assert limits.of("shop/1") is limits.of("shop/1")
    assert limits.of("shop/1") is not limits.of("shop/2")


async def test_a_fleet_s_first_reservation_goes_through(make: Maker, unique_name: str) -> None:
    """From the topology to the table and back: a send time within a second or two of being wanted."""
    made = await make(topology(unique_name, table=True, foo={"rate": "80/s", "share": "fleet"}))
    pacer = made["foo"].pacer
    pacer.wanted, pacer.room = 1, 10
    async with asyncio.timeout(20):
        await pacer.wait()
    pacer.take()
    assert parse_rate("80/s").per_second / 4 >= pacer.steady(1.0) > 10  # of four tasks, as far as it knows


async def test_a_keeper_that_crashes_ends_the_worker() -> None:
    """A limit that nobody keeps would stay shut for ever, without a word."""

    async def crash() -> None:
        raise RuntimeError("a bug")

    async def work() -> None:
        async with Keepers() as keepers:
            keepers.start(crash(), "it")
            await asyncio.get_running_loop().create_future()

    with pytest.raises(ExceptionGroup):
        await work()
