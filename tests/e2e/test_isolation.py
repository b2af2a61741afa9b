"""One vendor never hurts another, and a vendor may come from a package of somebody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.deployment import HTTP, Deployment
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor

ACME = '''
from worker.vendors.echo import Echo


class Acme(Echo):
    """Takes everything, once it is entered; some cannot be."""

    def __init__(self, options, context):
        super().__init__(options, context)
        self.name = context.name

    async def __aenter__(self):
        if self.name == "broken":
            raise RuntimeError("the password is hunter2")
        return self

    async def __aexit__(self, *raised):
        pass
'''
VENDORS = '[vendors.broken]\nadapter = "acme"\npoll = "1s"\n[vendors.third-party]\nadapter = "acme"\npoll = "1s"\n'


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder as pip leaves it: the module `acme`, whose package brings an adapter by entry point."""
    (metadata := tmp_path / "packages" / "acme-1.0.dist-info").mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[sluice.vendors]\nacme = acme:Acme\n")
    (metadata.parent / "acme.py").write_text(ACME)
    return metadata.parent


async def test_a_vendor_that_crashes_does_not_disturb_the_others(deployment: Deployment, packages: Path) -> None:
    """It is restarted, again and again, without its error's text; its messages stay; the others deliver theirs."""
    vendor = SimulatedVendor(Behaviour("good"))
    async with hosted([vendor]) as endpoints:
        deployment.write(HTTP.format(vendor="good", url=endpoints["good"]) + VENDORS)
        await deployment.up()
        keys = [str(number) for number in range(20)]
        for name in ("broken", "third-party", "good"):
            await deployment.fill(name, keys)
        worker = await deployment.start("run", PYTHONPATH=str(packages))
        await worker.wrote('"Delivered"', times=40)
        await worker.wrote("pipeline.crashed", times=2)
        end = await worker.stop()
    assert (end.code, end.stderr) == (0, "")
    assert sorted(arrival.key or "" for arrival in vendor.arrivals) == sorted(keys)
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    assert [line["crashes"] for line in lines if line["event"] == "pipeline.crashed"][:2] == [1, 2]
    assert {line["vendor"] for line in lines if line["event"] == "pipeline.crashed"} == {"broken"}
    assert "hunter2" not in end.stdout
    assert (await deployment.depth("broken")).waiting == len(keys)
    assert (await deployment.depth("third-party")).left == 0
