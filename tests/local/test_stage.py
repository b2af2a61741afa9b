"""A topology on this machine: simulated vendors in the place of the real ones, secrets of no worth, quick stops."""

from __future__ import annotations

import json
from datetime import timedelta

import aiohttp

from worker.aws.secrets import SecretsManager
from worker.aws.session import Aws
from worker.local.stage import make_secrets, staged
from worker.local.vendors.behaviour import Behaviour
from worker.settings import Topology

URL = "https://vendor.example/v1"


def topology(**vendors: dict[str, object]) -> Topology:
    entries = {name: {"adapter": "http", "options": {"url": URL}} | entry for name, entry in vendors.items()}
    return Topology.model_validate({"sluice": {"name": "t"}, "vendors": entries})


async def test_every_vendor_has_a_simulated_one_in_its_place() -> None:
    """Each entry's endpoint answers; a stop need not wait for long polls, and what was shorter stays."""
    told = topology(foo={"secret": "token/{shop}/{id}"}, bar={"poll": "500ms"})
    async with staged(told, [Behaviour("foo"), Behaviour("bar", takes_anything=True)]) as stage:
        vendors = stage.topology.vendors
        assert {name: entry.endpoint for name, entry in vendors.items()} == stage.endpoints
        assert [vendors[name].poll for name in ("foo", "bar")] == [timedelta(seconds=1), timedelta(seconds=0.5)]
        assert vendors["foo"].secret == "token/any/any"  # of no worth, so the same for all
        assert stage.topology.sluice.grace == timedelta(seconds=2)
        async with aiohttp.ClientSession() as session, session.get(stage.endpoints["bar"]) as response:
            assert response.status == 200
        async with stage.stack.aws() as aws:
            assert await aws.account()
    assert told.vendors["foo"].endpoint is None


async def test_secrets_are_made_once_each(aws: Aws, unique_name: str) -> None:
    """Two entries may share one: it has the fields that both ask for; one that no field is asked of is plain text."""

    def asking(*fields: str) -> dict[str, object]:
        headers = {f"X-{field}": f"{{secret.{field}}}" for field in fields}
        return {"secret": f"{unique_name}/fields", "options": {"url": URL, "headers": headers}}

    plain: dict[str, object] = {
        "secret": f"{unique_name}/plain",
        "options": {"url": URL, "headers": {"Authorization": "{secret}"}},
    }
    await make_secrets(topology(one=asking("id", "token"), two=asking("token", "key"), three=plain, four={}), aws)
    secrets = await SecretsManager.open(aws)
    assert json.loads(await secrets.get(f"{unique_name}/fields")).keys() == {"id", "token", "key"}
    assert await secrets.get(f"{unique_name}/plain") == "not-a-secret"
