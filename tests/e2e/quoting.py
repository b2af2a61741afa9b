"""An SNS that quotes all that it is sent, in every way in which it does not take it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.test_utils import RawTestServer

WAYS = ("refuse", "fail", "garble", "blame", "doubt", "cut")  # the path of its endpoint says which


@asynccontextmanager
async def quoting() -> AsyncIterator[str]:
    """Serve one on loopback; its address."""
    async with RawTestServer(_answer, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


async def _answer(request: web.BaseRequest) -> web.Response:
    sent = (await request.read()).decode()
    if "GetCallerIdentity" in sent:
        account = "<GetCallerIdentityResult><Account>000000000000</Account></GetCallerIdentityResult>"
        return _xml(f"<GetCallerIdentityResponse>{account}</GetCallerIdentityResponse>")
    said = f"Value '{sent}' {dict(request.headers)} failed to satisfy constraint"
    match request.path.strip("/"):
        case "refuse":
            return _xml(f"<ErrorResponse>{_error('Error', said)}</ErrorResponse>", 400)
        case "fail":
            return _xml(f"<ErrorResponse>{_error('Error', said)}</ErrorResponse>", 500)
        case "garble":
            return _xml(f"<{said}")
        case "blame":
            return _batch(_error("member", said, "<Id>0</Id><SenderFault>true</SenderFault>"))
        case "doubt":
            return _batch(_error("member", said, "<Id>0</Id><SenderFault>false</SenderFault>"))
        case _:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()


def _error(tag: str, said: str, more: str = "") -> str:
    return f"<{tag}>{more}<Code>ValidationError</Code><Message>{escape(said)}</Message></{tag}>"


def _batch(failed: str) -> web.Response:
    result = f"<PublishBatchResult><Successful/><Failed>{failed}</Failed></PublishBatchResult>"
    return _xml(f"<PublishBatchResponse>{result}</PublishBatchResponse>")


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/xml")
