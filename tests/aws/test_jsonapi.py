"""Bare calls of AWS's JSON protocol, against a server of ours that looks at what arrives."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from worker.aws.errors import wrapped
from worker.aws.jsonapi import JsonApi
from worker.aws.session import Aws, Credentials
from worker.model.errors import RefusedError, UnavailableError


@dataclass
class Server:
    """Answers as it is told; notes what came."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[web.BaseRequest, bytes]] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.came.append((request, await request.read()))
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@asynccontextmanager
async def opened(server: Server) -> AsyncIterator[JsonApi]:
    """The way to it, opened as the worker opens it."""
    runner = web.ServerRunner(web.Server(server.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    second = timedelta(seconds=1)
    try:
        async with Aws(region="eu-west-1", endpoint=endpoint, credentials=Credentials("AKID", "secret")) as aws:
            yield await aws.json_api("sqs", "AmazonSQS", pool=1, connect_timeout=second, read_timeout=second)
    finally:
        await runner.cleanup()


async def test_a_call_is_what_botocore_would_send() -> None:
    """Target, media type, and a signature that botocore makes of the very bytes that arrived."""
    server = Server(body='{"Messages": []}')
    async with opened(server) as api:
        assert await api.call("ReceiveMessage", {"QueueUrl": "q"}) == {"Messages": []}
    [(request, body)] = server.came
    assert json.loads(body) == {"QueueUrl": "q"}
    assert request.headers["X-Amz-Target"] == "AmazonSQS.ReceiveMessage"
    assert request.headers["Content-Type"] == "application/x-amz-json-1.0"
    names = ("Content-Type", "X-Amz-Target", "x-amzn-query-mode")
    again = AWSRequest("POST", str(request.url), headers={name: request.headers[name] for name in names}, data=body)
    again.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(ReadOnlyCredentials("AKID", "secret", None), "sqs", "eu-west-1")
    again.headers["X-Amz-Date"] = request.headers["X-Amz-Date"]
    signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert request.headers["Authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ('{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}', {}, "QueueDoesNotExist"),
        (
            '{"__type": "com.amazonaws.sqs#QueueDoesNotExist"}',
            {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ("<html>", {}, "400"),
        ("[1]", {}, "400"),
    ],
)
async def test_a_refusal_has_aws_s_code(body: str, headers: dict[str, str], code: str) -> None:
    """From the header that keeps the old names, else from the body; of what is no AWS answer the status."""
    async with opened(Server(400, body, headers)) as api:
        with pytest.raises(ClientError) as raised:
            await api.call("GetQueueUrl", {})
    error: dict[str, Any] = raised.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, "busy", UnavailableError),
        (400, '{"__type": "com.amazonaws.sqs#RequestThrottled"}', UnavailableError),
        (403, '{"__type": "AccessDeniedException"}', RefusedError),
        (200, "<html>a captive portal</html>", UnavailableError),
    ],
)
async def test_what_fails_is_told_as_one_of_our_errors(status: int, body: str, kind: type[Exception]) -> None:
    """Worth trying again, or not."""
    async with opened(Server(status, body)) as api:
        with pytest.raises(kind), wrapped("ReceiveMessage", "q"):
            await api.call("ReceiveMessage", {})


async def test_an_answer_without_a_body_is_empty() -> None:
    """As DeleteMessage's."""
    async with opened(Server(body="")) as api:
        assert await api.call("DeleteMessage", {}) == {}


async def test_without_credentials_nothing_is_sent() -> None:
    """The error is botocore's own, which says what to set."""
    server = Server()
    async with opened(server) as api:
        api._credentials = None
        with pytest.raises(NoCredentialsError):
            await api.call("ReceiveMessage", {})
    assert not server.came
