"""What AWS's errors become, and what their text gives away."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ReadTimeoutError

from worker.aws.errors import wrapped
from worker.aws.session import Aws, Credentials
from worker.model.errors import RefusedError, UnavailableError

QUEUE = "messaging-foo-primary"


def answer(code: str, status: int = 400, message: str = "") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "SendMessageBatch",
    )


@pytest.mark.parametrize(
    "error",
    [
        answer("RequestThrottled", 403),
        answer("ThrottlingException"),
        answer("OverLimit", 403),
        answer("InternalError", 500),
        answer("ServiceUnavailable", 503),
        ReadTimeoutError(endpoint_url="http://127.0.0.1"),
        aiohttp.ServerDisconnectedError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    """Throttling, faults of the service, timeouts and connections: try again."""
    with (
        pytest.raises(UnavailableError, match=f"SendMessageBatch on {QUEUE}") as raised,
        wrapped("SendMessageBatch", QUEUE),
    ):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (answer("AWS.SimpleQueueService.NonExistentQueue"), "sluice up"),
        (answer("AccessDenied", 403), "role's policy"),
        (answer("ExpiredToken", 403), "sign in again"),
        (answer("InvalidClientTokenId", 403), "sign in again"),
        (answer("RequestTimeTooSkewed", 403), "clock"),
        (answer("SomethingNew"), "SomethingNew"),
        (NoCredentialsError(), "AWS_ACCESS_KEY_ID"),
        (BotoCoreError(), "BotoCoreError"),
    ],
)
def test_what_stays_is_refused_with_the_way_out(error: Exception, way_out: str) -> None:
    """Somebody must act, and the text says how."""
    with pytest.raises(RefusedError, match=way_out) as raised, wrapped("SendMessageBatch", QUEUE):
        raise error
    assert QUEUE in str(raised.value)


def test_a_signature_failure_does_not_show_what_was_signed() -> None:
    """AWS's message holds the canonical request, session token and all."""
    error = answer("SignatureDoesNotMatch", 403, "x-amz-security-token:SECRET")
    with pytest.raises(RefusedError) as raised, wrapped("SendMessageBatch", QUEUE):
        raise error
    assert "SECRET" not in str(raised.value)


def test_a_denied_permission_is_named() -> None:
    """AWS says which action on which resource: the operator needs it."""
    error = answer("AccessDeniedException", 403, "not authorized to perform: sqs:SendMessage")
    with pytest.raises(RefusedError, match="sqs:SendMessage"), wrapped("SendMessageBatch", QUEUE):
        raise error


async def test_an_endpoint_where_nobody_listens_is_unavailable(unused_tcp_port: int) -> None:
    """A refused connection says what to check."""
    nowhere = Aws("us-east-1", endpoint=f"http://127.0.0.1:{unused_tcp_port}", credentials=Credentials("test", "test"))
    async with nowhere as aws:
        client = await aws.client("sqs", connect_timeout=timedelta(seconds=1))
        with pytest.raises(UnavailableError, match="AWS_ENDPOINT_URL"), wrapped("GetQueueUrl", QUEUE):
            await client.get_queue_url(QueueName=QUEUE)
