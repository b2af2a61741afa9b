"""A worker that cannot start says why in one line and exits with 2, without a traceback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.e2e.deployment import Deployment
from tests.e2e.program import End

ECHO = '[vendors.foo]\nadapter = "echo"\n[vendors.bar]\nadapter = "echo"\n'


@pytest.fixture
async def refusing() -> AsyncIterator[str]:
    """An AWS that knows nobody: its address."""

    async def refuse(request: web.BaseRequest) -> web.Response:
        error = {"__type": "InvalidClientTokenId", "message": "the token AKIASECRET is not known"}
        if "json" in request.content_type:
            return web.json_response(error, status=403, content_type="application/x-amz-json-1.0")
        text = f"<Error><Code>{error['__type']}</Code><Message>{error['message']}</Message></Error>"
        return web.Response(text=f"<ErrorResponse>{text}</ErrorResponse>", status=403, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/", refuse)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


async def ran(deployment: Deployment, *argv: str, aws: str | None = None) -> End:
    environ = {} if aws is None else {"AWS_ENDPOINT_URL": aws}
    return await (await deployment.start(*argv, **environ)).end()


def assert_told(end: End, *words: str) -> None:
    """Exit code 2, nothing on stdout, and one line on stderr that begins with `error:` and has these words."""
    assert (end.code, end.stdout) == (2, "")
    assert end.stderr.startswith("error: ")
    assert end.stderr.count("\n") == 1
    for word in words:
        assert word in end.stderr


async def test_aws_that_cannot_be_reached_is_told(deployment: Deployment) -> None:
    """The call, the resource and what to look at, however many vendors wanted it."""
    deployment.write(ECHO)
    end = await ran(deployment, "run", aws="http://127.0.0.1:1")
    assert_told(end, "GetQueueUrl", "cannot be reached", "AWS_ENDPOINT_URL")


async def test_a_queue_that_was_not_made_is_told(deployment: Deployment) -> None:
    """By its name, with the command that makes it."""
    deployment.write(ECHO)
    end = await ran(deployment, "run", "--vendor", "foo")
    assert_told(end, f"{deployment.topology.sluice.name}-foo", "sluice up")


async def test_refused_credentials_are_told(deployment: Deployment, refusing: str) -> None:
    """By `run`, `up` and `publish` alike, without what AWS says of the credentials; -v shows where it comes from."""
    deployment.write(ECHO)
    commands = (("run",), ("up",), ("publish", "x"), ("run", "-v"))
    *plain, verbose = await asyncio.gather(*(ran(deployment, *argv, aws=refusing) for argv in commands))
    for end in plain:
        assert_told(end, "InvalidClientTokenId", "AWS_PROFILE")
        assert "AKIASECRET" not in end.stderr
    assert verbose.code == 2
    assert "Traceback" in verbose.stderr
    assert "\nerror: " in verbose.stderr


async def test_an_adapter_that_is_not_there_is_told(deployment: Deployment) -> None:
    """Before anything of AWS is asked."""
    deployment.write('[vendors.foo]\nadapter = "acme:Acme"\n')
    assert_told(await ran(deployment, "run", aws="http://127.0.0.1:1"), "acme", "cannot be imported")


async def test_a_health_port_that_is_taken_is_told(deployment: Deployment) -> None:
    """With the keys that say where."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        deployment.write(ECHO, port=port)
        assert_told(await ran(deployment, "run"), f"127.0.0.1:{port}", "taken", "health_port")
