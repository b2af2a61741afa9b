"""From `sluice up` and `sluice publish` to the vendor: SNS, filter policy, queue, claim check."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.e2e.deployment import HTTP, Deployment
from tests.e2e.program import PATIENCE, eventually

LARGE = json.dumps({"text": "ü" * 150_000}, ensure_ascii=False)  # 300 KB, above the SNS limit


class Inbox:
    """A vendor that keeps what it gets."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[str, object]] = []  # key and body

    async def take(self, request: web.Request) -> web.Response:
        """Take any JSON."""
        self.received.append((request.headers["Idempotency-Key"], await request.json()))
        return web.json_response({"ok": True})


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """A vendor on loopback."""
    inbox = Inbox()
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/messages", inbox.take)
    async with TestServer(app, host="127.0.0.1") as server:
        inbox.url = str(server.make_url("")).rstrip("/")
        yield inbox


async def test_up_makes_all_and_a_second_run_changes_nothing(deployment: Deployment) -> None:
    """It says what it made, then that all is as it was; a dry run before says what it would make."""
    deployment.write(HTTP.format(vendor="foo", url="http://127.0.0.1:1"), bucket=True)
    ends = [await (await deployment.start(*argv)).end() for argv in (["up", "--dry-run"], ["up"], ["up"])]
    assert [(end.code, end.stderr) for end in ends] == [(0, "")] * 3
    dry, first, second = (end.stdout.splitlines()[-1] for end in ends)
    assert dry == f"dry run, nothing was changed; it would be: {first}"
    made = int(first.partition(" created, 0 updated, 0 unchanged")[0])
    assert made >= 6  # topic, bucket, subscription, queue, and two queues for dead letters
    assert second == f"0 created, 0 updated, {made} unchanged"


async def test_a_published_message_reaches_its_vendor_whole(deployment: Deployment, inbox: Inbox) -> None:
    """A body of 300 KB goes through S3 and arrives unchanged with its key; the filter policy keeps out the others."""
    vendors = HTTP.format(vendor="foo", url=inbox.url) + HTTP.format(vendor="bar", url=inbox.url)
    deployment.write(vendors, bucket=True)
    await deployment.up()
    (body := deployment.folder / "body.json").write_text(LARGE)
    worker = await deployment.start("run")
    with body.open() as stdin:
        argv = ("publish", "-", "-a", "target=foo", "--key", "large")
        large = await deployment.start(*argv, stdin=stdin.fileno())
        small = await deployment.start("publish", '{"n": 1}', "-a", 'target=["foo", "bar"]', "--key", "small")
        assert [(await program.end()).code for program in (large, small)] == [0, 0]
    await eventually(lambda: len(inbox.received) >= 3)
    await worker.wrote('"Delivered"', times=3)
    assert (await worker.stop(PATIENCE)).code == 0
    by_key = sorted(inbox.received, key=lambda got: got[0])
    assert by_key == [("large", json.loads(LARGE)), ("small", {"n": 1}), ("small", {"n": 1})]
