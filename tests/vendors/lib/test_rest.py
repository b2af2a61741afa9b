from __future__ import annotations

import asyncio
import errno
import gzip
import json
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from worker.model.errors import NotAnsweredError, NotSentError, RefusedError, UnavailableError
from worker.model.message import Job, JobKey
from worker.model.outcome import Delivered
from worker.ports import VendorContext
from worker.vendors.lib.attempt import Attempt
from worker.vendors.lib.options import Options
from worker.vendors.lib.rest import Reply, Request, RestVendor

Make = Callable[..., VendorContext]
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Acme(RestVendor[Options, Any]):
    def request(self, job: Job[Any]) -> Request:
        return Request("POST", "https://acme.example/v1?to=private", json=job.payload)


POST = Request("POST", "https://acme.example/v1?to=private", {"X": "private"}, json={"a": "private"})


async def sent(context: VendorContext, request: Request = POST) -> Reply:
    async with Acme(Options(), context) as vendor:
        return await vendor.send(request)


async def silent(reader: Reader, writer: Writer) -> None:
    """Take everything and say nothing until the other side goes."""
    await reader.read(-1)


async def head(reader: Reader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_reply_is_what_came_back(context: Make) -> None:
    """Status, headers in any case and the body arrive; the endpoint takes the host's place, path and query stay."""

    async def answer(request: web.BaseRequest) -> web.Response:
        seen = [request.method, request.path_qs, request.headers["User-Agent"].split("/")[0], await request.json()]
        return web.json_response(seen, status=202, headers={"X-Thing": "1"})

    async with RawTestServer(answer) as server:
        reply = await sent(context(str(server.make_url("/"))))
    assert reply.status == 202
    assert reply.headers["x-thing"] == "1"
    assert reply.json == ["POST", "/v1?to=private", "sluice", {"a": "private"}]


@pytest.mark.parametrize(
    ("request_", "media_type", "body"),
    [
        (Request("POST", "http://h/", json=None), "application/json", b"null"),
        (Request("POST", "http://h/", {"content-type": "application/x+json"}, json=[1]), "application/x+json", b"[1]"),
        (Request("POST", "http://h/", form={"a": "1 &"}), "application/x-www-form-urlencoded", b"a=1+%26"),
        (Request("POST", "http://h/", {"Content-Type": "text/csv"}, body=b"a,b"), "text/csv", b"a,b"),
        (Request("GET", "http://h/"), None, b""),
    ],
)
async def test_body_goes_out_as_said(context: Make, request_: Request, media_type: str | None, body: bytes) -> None:
    """JSON, form and bytes are sent with their media type, which the adapter may name itself."""
    seen: list[object] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.extend([request.headers.getall("Content-Type", []), await request.read()])
        return web.Response()

    async with RawTestServer(answer) as server:
        await sent(context(str(server.make_url("/"))), request_)
    assert seen == [[media_type] if media_type else [], body]


async def test_secret_and_parameters_are_filled_in_on_the_way(context: Make) -> None:
    """The vendor sees the secret; the request that can be logged never held it."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response([request.path_qs, request.headers["Authorization"]])

    request = Request(
        "POST", "https://h/{secret}", secret_headers={"Authorization": "Bearer {secret}"}, params={"q": "{secret}&"}
    )
    async with RawTestServer(answer) as server:
        reply = await sent(context(str(server.make_url("/")), secret="s3cret"), request)
    assert reply.json == ["/s3cret?q=%7Bsecret%7D%26", "Bearer s3cret"]
    assert "s3cret" not in repr(request)


async def test_a_job_that_names_its_secret_is_sent_with_that(context: Make) -> None:
    """Two shops, one adapter: each request carries its own shop's."""

    class Shops(Acme):
        def request(self, job: Job[Any]) -> Request:
            return Request("POST", "https://h/", secret_headers={"Authorization": "Bearer {secret}"})

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response(request.headers["Authorization"])

    async with (
        RawTestServer(answer) as server,
        Shops(Options(), context(str(server.make_url("/")), secret="token")) as vendor,
    ):
        requests = [vendor.prepare([Job(JobKey("1"), {}, secret=name)]) for name in (None, "shop/a", "shop/b")]
        replies = [(await vendor.send(request)).json for request in requests]
    assert replies == ["Bearer token", "Bearer token of shop/a", "Bearer token of shop/b"]


async def test_secret_that_is_not_there_is_not_sent_around(context: Make) -> None:
    """No secret in the topology is an operator's mistake; a store that does not answer is tried again."""

    async def unavailable(_name: str | None = None) -> str:
        raise UnavailableError("no answer from Secrets Manager")

    request = Request("POST", "https://h/", secret_headers={"Authorization": "Bearer {secret}"})
    bare = context()
    with pytest.raises(RefusedError, match=r"vendors\.acme names no secret"):
        await sent(bare, request)
    with pytest.raises(NotSentError, match="Secrets Manager"):
        await sent(VendorContext(bare.name, bare.timeout, 1, secret=unavailable), request)


async def test_connect_refused_is_not_sent(context: Make) -> None:
    """Nobody listens: nothing was sent, and the text names host and port only."""
    port = unused_port()
    with pytest.raises(NotSentError) as raised:
        await sent(context(f"http://127.0.0.1:{port}"))
    assert str(raised.value) == f"connect refused: 127.0.0.1:{port}"


async def test_connect_timeout_is_not_sent(context: Make) -> None:
    """The whole timeout goes by without a connection: nothing was sent."""
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())  # Linux then drops further ones, unanswered
        endpoint = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(NotSentError, match=r"^connect timeout: 127\.0\.0\.1:\d+$"):
            await sent(context(endpoint, timeout=0.1))


async def test_tls_that_hangs_is_not_sent(context: Make, listen: Any) -> None:
    """A handshake that is never answered ends with the timeout, and nothing was sent."""
    place = await listen(silent)
    with pytest.raises(NotSentError, match=f"^connect timeout: {place}$"):
        await sent(context(f"https://{place}", timeout=0.1))


async def test_tls_that_fails_is_not_sent(context: Make, listen: Any) -> None:
    """The other side speaks no TLS: nothing was sent."""

    async def plain(reader: Reader, writer: Writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read(-1)

    place = await listen(plain)
    with pytest.raises(NotSentError, match=f"^TLS failed: {place}$"):
        await sent(context(f"https://{place}"))


KEY: Any = None  # aiohttp's connection key, of which nothing is read


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError()), "no such host, or no DNS: h:443"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "")), "connect failed (EHOSTUNREACH): h:443"),
        (aiohttp.ClientConnectionError("https://h/v1?to=private"), "connect failed (ClientConnectionError): h:443"),
    ],
)
def test_no_way_to_the_host_is_not_sent(error: Exception, told: str) -> None:
    """A host that does not resolve or cannot be reached: nothing was sent (not tried: it would need a network)."""
    failure = Attempt().failure(error, "https://h/v1?to=private")
    assert isinstance(failure, NotSentError)
    assert str(failure) == told


@pytest.mark.parametrize("url", ["acme/v1", "ftp://acme/v1", "https://acme:port/v1?to=private"])
async def test_url_that_is_none_is_not_sent(context: Make, url: str) -> None:
    """A URL that cannot be used, for example out of a secret, sends nothing and is not shown."""
    with pytest.raises(NotSentError) as raised:
        await sent(context(), Request("POST", url))
    assert str(raised.value) == "the URL is not an HTTP URL"


async def test_hang_is_not_answered(context: Make, listen: Any) -> None:
    """The request left and the timeout went by: the vendor may have acted."""
    place = await listen(silent)
    with pytest.raises(NotAnsweredError) as raised:
        await sent(context(f"http://{place}", timeout=0.1))
    assert str(raised.value) == f"no answer in time: {place}"
    assert raised.value.__cause__ is None


async def test_disconnect_is_not_answered(context: Make, listen: Any) -> None:
    """The other side closes after the request: it may have acted."""

    async def closes(reader: Reader, writer: Writer) -> None:
        await head(reader)

    place = await listen(closes)
    with pytest.raises(NotAnsweredError, match=place):
        await sent(context(f"http://{place}"))


async def test_reset_is_not_answered(context: Make, listen: Any) -> None:
    """A reset after the request's head: it may have acted."""

    async def resets(reader: Reader, writer: Writer) -> None:
        await head(reader)
        transport: Any = writer.transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        transport.abort()

    place = await listen(resets)
    with pytest.raises(NotAnsweredError, match=place):
        await sent(context(f"http://{place}"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"220 smtp.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nplain",
    ],
)
async def test_answer_that_is_cut_off_or_broken_is_not_answered(context: Make, listen: Any, answer: bytes) -> None:
    """Half an answer cannot be trusted: vendors fail inside HTTP 200."""

    async def answers(reader: Reader, writer: Writer) -> None:
        await head(reader)
        writer.write(answer)
        await writer.drain()

    place = await listen(answers)
    with pytest.raises(NotAnsweredError) as raised:
        await sent(context(f"http://{place}"))
    assert str(raised.value).endswith(place)
    assert "private" not in str(raised.value)


async def test_answer_that_stops_in_the_middle_is_not_answered(context: Make, listen: Any) -> None:
    """The timeout covers the body too."""

    async def stops(reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}")
        await reader.read(-1)

    place = await listen(stops)
    with pytest.raises(NotAnsweredError, match="no answer in time"):
        await sent(context(f"http://{place}", timeout=0.1))


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
async def test_broken_kept_connection_is_not_sent_twice(context: Make, listen: Any, method: str) -> None:
    """A PUT would be sent again by aiohttp when a kept connection breaks; here nothing leaves past the limit."""
    heads: list[bytes] = []

    async def answers_once(reader: Reader, writer: Writer) -> None:
        heads.append(await head(reader))
        writer.write(OK)
        heads.append(await head(reader))

    place = await listen(answers_once)
    async with Acme(Options(), context(f"http://{place}")) as vendor:
        assert (await vendor.send(Request(method, "http://h/1"))).text == "ok"
        with pytest.raises(NotAnsweredError, match=f"disconnected before an answer: {place}"):
            await vendor.send(Request(method, "http://h/2"))
    assert [line.split()[1] for line in heads] == [b"/1", b"/2"]


async def test_redirect_is_not_followed(context: Make) -> None:
    """A redirect is an answer like any other: nothing goes where a reply says."""
    seen: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})

    async with RawTestServer(answer) as server:
        assert (await sent(context(str(server.make_url("/"))))).status == 307
    assert seen == ["/v1"]


async def test_cookies_are_not_kept(context: Make) -> None:
    """One message's session is not another's."""
    cookies: list[str | None] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with RawTestServer(answer) as server, Acme(Options(), context(str(server.make_url("/")))) as vendor:
        await vendor.send(POST)
        await vendor.send(POST)
    assert cookies == [None, None]


async def test_html_and_compression_are_read(context: Make) -> None:
    """A proxy's page is a reply without JSON; a compressed body is unpacked."""

    async def page(request: web.BaseRequest) -> web.Response:
        return web.Response(status=502, body=b"<html>", content_type="text/html")

    async def packed(request: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})

    async with RawTestServer(page) as server:
        reply = await sent(context(str(server.make_url("/"))))
        assert (reply.status, reply.text, reply.json) == (502, "<html>", None)
    async with RawTestServer(packed) as server:
        assert (await sent(context(str(server.make_url("/"))))).json == [1]


@pytest.mark.parametrize("packed", [False, True])
async def test_long_body_is_cut(context: Make, packed: bool) -> None:
    """More than a megabyte is not kept, however small it was on the way, and is not taken for JSON."""
    body = json.dumps("x" * (3 << 20)).encode()

    async def answer(request: web.BaseRequest) -> web.Response:
        if packed:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    async with RawTestServer(answer) as server:
        reply = await sent(context(str(server.make_url("/"))))
    assert len(reply.body) == 1 << 20
    assert reply.truncated
    assert reply.json is None


async def test_cancelling_is_not_an_answer(context: Make, listen: Any) -> None:
    """A cancelled delivery stays cancelled."""
    asked = asyncio.Event()

    async def asks(reader: Reader, writer: Writer) -> None:
        await head(reader)
        asked.set()
        await reader.read(-1)

    sending = asyncio.create_task(sent(context(f"http://{await listen(asks)}")))
    await asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_closed_vendor_says_so(context: Make) -> None:
    """Sending before it is open is a programming error with a plain text."""
    with pytest.raises(RuntimeError, match="Acme is not open"):
        await Acme(Options(), context()).send(POST)


def test_adapter_says_its_types_once(context: Make) -> None:
    """Options and Payload come from the brackets, and stay when the adapter itself is inherited from."""

    class Special(Acme):
        pass

    assert (Acme.Options, Acme.Payload) == (Options, Any)
    assert Special.Options is Options


def test_one_request_for_one_job_and_one_outcome_for_each(context: Make) -> None:
    """Without a batch of its own, a vendor's request carries one job."""
    vendor = Acme(Options(), context())
    job = Job(JobKey("k"), {"a": 1})
    assert vendor.prepare([job]) == vendor.request(job)
    assert vendor.classify(Reply(200), [job]) == [Delivered()]
    with pytest.raises(ValueError, match="too many values"):
        vendor.prepare([job, job])
    with pytest.raises(NotImplementedError, match="RestVendor makes no request"):
        RestVendor[Options, Any](Options(), context()).request(job)
