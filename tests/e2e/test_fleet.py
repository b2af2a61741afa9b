"""Several workers and one limit: the vendor sees one, and people can see how it stands."""

from __future__ import annotations

import json

from tests.e2e.deployment import HTTP, Deployment
from tests.e2e.program import eventually
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor

RATE = 40
KEYS = [f"k{number}" for number in range(4 * RATE)]


def entry(url: str, share: str) -> str:
    # the guard is for arrivals: workers, emulator and vendor share this machine
    return HTTP.format(vendor="foo", url=url) + f'rate = "{RATE}/s"\nshare = "{share}"\nguard = "150ms"\n'


def worst_second(vendor: SimulatedVendor) -> int:
    times = sorted(arrival.at for arrival in vendor.arrivals)
    return max(sum(start <= at < start + 1 for at in times) for start in times)


async def test_three_workers_keep_one_limit(deployment: Deployment) -> None:
    """All that waits is sent once, by more than one of them, and no second at the vendor holds more than the limit.

    Slow, some seconds: four seconds' worth of messages.
    """
    vendor = SimulatedVendor(Behaviour("foo"))
    async with hosted([vendor]) as endpoints:
        deployment.write(entry(endpoints["foo"], "fleet"), table=True)
        await deployment.up()
        await deployment.fill("foo", KEYS)
        workers = [await deployment.start("run") for _ in range(3)]
        for worker in workers:
            await worker.wrote('"Delivered"')
        shown = await (await deployment.start("limits", "--json")).end()
        await eventually(lambda: len(vendor.arrivals) >= len(KEYS))
        ends = [await worker.stop(6) for worker in workers]
    assert [end.code for end in ends] == [0, 0, 0]
    assert sorted(arrival.key or "" for arrival in vendor.arrivals) == sorted(KEYS)
    assert worst_second(vendor) <= RATE
    assert "limiter.degraded" not in "".join(end.stdout for end in ends)
    told = json.loads(shown.stdout)["foo"]
    assert told["windows"] == [f"{RATE}/s"]
    assert 1 <= told["tasks"] <= 3


async def test_one_worker_at_a_time_has_the_limit(deployment: Deployment) -> None:
    """With share = "one" the second waits for the first one's stop, and goes on within the limit."""
    vendor = SimulatedVendor(Behaviour("foo"))
    async with hosted([vendor]) as endpoints:
        deployment.write(entry(endpoints["foo"], "one"), table=True)
        await deployment.up()
        await deployment.fill("foo", KEYS)
        first = await deployment.start("run")
        await first.wrote('"Delivered"', times=RATE)
        second = await deployment.start("run")
        await second.wrote("pipeline.started")
        end = await first.stop(6)
        assert '"Delivered"' not in second.stdout
        await eventually(lambda: len(vendor.arrivals) >= len(KEYS))
        other = await second.stop(6)
    assert (end.code, other.code) == (0, 0)
    assert sorted(arrival.key or "" for arrival in vendor.arrivals) == sorted(KEYS)
    assert worst_second(vendor) <= RATE
