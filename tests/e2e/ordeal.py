"""A worker's worst day: messages full of marks, a vendor that echoes all, an adapter that puts all into its errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.canaries import Canaries
from tests.e2e.deployment import Deployment
from tests.e2e.echoing import EchoingVendor
from tests.e2e.mailbox import Mailbox
from tests.e2e.program import eventually
from worker.aws.session import Aws
from worker.model.message import Attribute, Outgoing, text_attribute
from worker.model.wire import KEY

_VENDORS = """
[defaults]
poll = "1s"
timeout = "500ms"
max_attempts = 1
secret = "NAME/secret"
filter = { target = ["nobody"] }
[vendors.plain]
adapter = "http"
rate_per_key = "100/s"
[vendors.plain.options]
url = "URL/{do}/{place}/{secret.path}?to={to}&token={secret.token}"
headers = { Authorization = "Bearer {secret.token}", X-To = "{to}", X-Tenant = "{job.tenant}" }
key = "{to}"
idempotency_header = "Idempotency-Key"
[vendors.denied]
adapter = "http"
options = { url = "URL/{do}/{secret.path}?to={to}", idempotent = true }
[vendors.hostile]
adapter = "hostile:Hostile"
options = { url = "URL/take", user = "{secret.user}", password = "{secret.token}" }
[vendors.crashing]
adapter = "hostile:Hostile"
options = { url = "URL/take", user = "{secret.user}", password = "{secret.token}" }
"""
# What each message has the vendor or its adapter do; by the vendor's entry and the message's end.
_DELIVERED = {
    "plain": ("take", "busy"),
    "hostile": ("scope", "follow", "throttle", "round", "rows", "warn", "task", "callback", "thread", "rubbish", "log"),
    "crashing": ("crash",),
}
_BURIED = {
    "plain": ("fail", "gateway", "reject", "move", "hang", "cut", "garble", "halve"),
    "hostile": ("prepare", "send", "classify", "time out", "validate", "follow wrongly", "reject"),
}
_BLOCKED = {"denied": ("deny",), "hostile": ("block",)}
_ENDS = {"Delete": _DELIVERED, "Bury": _BURIED, "vendor.blocked": _BLOCKED}  # by what a worker tells of them

_SECRETS = {"secret path", "secret token", "secret user"}
_BODIES = {"text", "to", "place", "a field's name", "deep"}


class Ordeal:
    """One deployment's. Marks stand wherever one can be but in a message's key: that is an id, and is logged."""

    def __init__(self, name: str, deployment: Deployment, aws: Aws, vendor: EchoingVendor) -> None:
        self.deployment = deployment
        self.marks = Canaries()
        self._name = name
        self._aws = aws
        self._vendor = vendor

    async def set_up(self, url: str, *, port: int) -> None:
        """Provision it, and store the secret; `url` is the vendor's, at `port` a worker says how it is."""
        self.write(url, port=port)
        await self.deployment.up()
        client = await self._aws.client("secretsmanager", attempts=3)
        secret = {name.removeprefix("secret "): self.marks[name] for name in sorted(_SECRETS)}
        await client.create_secret(Name=f"{self._name}/secret", SecretString=json.dumps(secret))

    def write(self, url: str, *, port: int = 0) -> None:
        """Write the topology, with the adapter beside it."""
        shutil.copy(Path(__file__).with_name("hostile.py"), self.deployment.folder)
        self.deployment.write(_VENDORS.replace("URL", url).replace("NAME", self._name), port=port)

    async def begin(self, written: Callable[[], str]) -> None:
        """Send every message, and wait until what is written tells the end of each."""
        for ends in _ENDS.values():
            for vendor, ways in ends.items():
                await self.send(vendor, *ways)
        for told, ends in _ENDS.items():
            await _until(written, told, sum(map(len, ends.values())))

    async def send(self, vendor: str, *ways: str, aws: Aws | None = None) -> None:
        """Send messages that have the vendor or its adapter do that."""
        mailbox = await Mailbox.open(self._name, aws or self._aws)
        await mailbox.put(vendor, *(self._message(vendor, way) for way in ways))

    async def check(self, written: str) -> None:
        """No mark in what was written, nor in why messages were buried; and all were where they belong."""
        mailbox = await Mailbox.open(self._name, self._aws)
        dead = [letter for vendor in _BURIED for letter in await mailbox.dead(vendor)]
        assert self.marks.seen_in(written) == {}
        assert self.marks.seen_in("\n".join(letter.burial for letter in dead)) == {}
        assert len(dead) == sum(map(len, _BURIED.values())) + 1  # and the rows of a message that was taken in part
        assert self.marks.seen_in("".join(letter.body for letter in dead)).keys() == _BODIES
        assert self.marks.seen_in("".join(self._vendor.heard)).keys() == _SECRETS | _BODIES | {"tenant"}

    def _message(self, vendor: str, way: str) -> Outgoing:
        marks = self.marks
        body: dict[str, Any] = {"do": way, "text": marks["text"]}
        if vendor in {"plain", "denied"}:
            body |= {"to": marks["to"], "place": marks["place"], marks["a field's name"]: {"x": [marks["deep"]]}}
        attributes = {
            KEY: text_attribute(f"{vendor} {way}"),
            "text": text_attribute(marks["attribute"]),
            "bytes": Attribute("Binary", marks["bytes"].encode()),
        }
        return Outgoing(json.dumps(body), attributes, group=marks["tenant"])


async def exposed(port: int) -> str:
    """What a worker's health server answers."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        return "\n".join([await (await session.get(path)).text() for path in ("/live", "/ready", "/metrics")])


async def _until(written: Callable[[], str], told: str, times: int) -> None:
    try:
        await eventually(lambda: written().count(told) >= times)
    except TimeoutError:
        pytest.fail(f"{told} was told {written().count(told)} times and not {times}:\n{written()}")
