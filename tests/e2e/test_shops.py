"""One entry for many shops: each has its own secret and its own limit, and none hurts another."""

from __future__ import annotations

import json
from collections import defaultdict
from time import monotonic

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from tests.e2e.deployment import Deployment
from tests.e2e.program import eventually
from worker.aws.session import Aws
from worker.local.vendors.arrivals import worst_window

VENDORS = """
[vendors.shops]
adapter = "http"
poll = "1s"
rate = "10/s"
limit_key = "NAME/{shop}"
secret = "NAME/{shop}"
options = { url = "URL/orders", headers = { Authorization = "Bearer {secret}", X-Shop = "{shop}" } }

[vendors.refunds]
adapter = "http"
poll = "1s"
rate = "10/s"
limit_key = "NAME/{shop}"
secret = "NAME/{shop}"
options = { url = "URL/refunds", headers = { Authorization = "Bearer {secret}", X-Shop = "{shop}" } }
"""


class Shops:
    """A vendor's API, which notes when each shop's requests came, and with whose token."""

    def __init__(self) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.tokens: set[tuple[str, str]] = set()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.times[request.headers["X-Shop"]].append(monotonic())
        self.tokens.add((request.headers["X-Shop"], request.headers["Authorization"]))
        return web.Response()


async def test_a_shop_without_a_secret_waits_alone_and_each_has_its_own_limit(
    deployment: Deployment, aws: Aws, unique_name: str
) -> None:
    """Two shops' messages go at ten a second each, through two entries; the third's wait until it has a secret."""
    vault, shops = await aws.client("secretsmanager", attempts=3), Shops()
    for shop in "ab":
        await vault.create_secret(Name=f"{unique_name}/{shop}", SecretString=f"token of {shop}")
    async with RawTestServer(shops.answer) as server:
        url = str(server.make_url("/")).rstrip("/")
        deployment.write(VENDORS.replace("URL", url).replace("NAME", unique_name))
        await deployment.up()
        for vendor in ("shops", "refunds"):
            for shop in "cab":
                keys = [f"{vendor} {shop} {number}" for number in range(15)]
                await deployment.fill(vendor, keys, json.dumps({"shop": shop}))
        await deployment.fill("shops", ["lost"], '{"text": "hello"}')
        worker = await deployment.start("run")
        await eventually(lambda: len(shops.times["a"]) == len(shops.times["b"]) == 30)
        await worker.wrote('"field_missing"')
        await worker.wrote("vendor.blocked", times=2)
        end = await worker.stop()
    assert (end.code, end.stderr) == (0, "")
    assert shops.tokens == {(shop, f"Bearer token of {shop}") for shop in "ab"}
    for shop in "ab":
        assert worst_window(shops.times[shop], 1.0) <= 10 + 1  # two entries together; one more for the way there
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    assert {line["scope"] for line in lines if line["event"] == "vendor.blocked"} == {"key"}
    assert {line["code"] for line in lines if line.get("disposition") == "Bury"} == {"field_missing"}
    assert [(await deployment.depth(vendor)).left for vendor in ("shops", "refunds")] == [15, 15]
