"""One try at a request: whether it may have left, and what its failure means."""

from __future__ import annotations

import ssl
from errno import errorcode

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from worker.model.errors import NotAnsweredError, NotSentError


class Attempt:
    """An aiohttp middleware for one request. Written by the task that sends it, read by the same when it fails."""

    __slots__ = ("_request",)

    def __init__(self) -> None:
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send it once: aiohttp would send a PUT again by itself, past the limit, when a kept connection breaks."""
        if self._request is not None:
            raise NotAnsweredError(f"disconnected before an answer: {_place(request.url)}")
        self._request = request
        return await handler(request)

    @property
    def left(self) -> bool:
        """Whether a byte of it may have been written: a connection was there."""
        return self._request is not None and self._request.response is not None

    def failure(self, error: Exception, url: str) -> NotSentError | NotAnsweredError:
        """What to raise instead; the text is free of path, query, headers and bodies."""
        if self.left:
            return NotAnsweredError(f"{_silence(error)}: {_place(URL(url))}")
        if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
            return NotSentError("the URL is not an HTTP URL")
        return NotSentError(f"{_obstacle(error)}: {_place(URL(url))}")


def _obstacle(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "no such host, or no DNS"
        case aiohttp.ClientSSLError() | ssl.SSLError() | aiohttp.ServerFingerprintMismatch():
            return "TLS failed"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "connect refused"
        case TimeoutError():
            return "connect timeout"
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))):
            return f"connect failed ({errorcode.get(number, number)})"
        case _:
            return f"connect failed ({type(error).__name__})"


def _silence(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ServerDisconnectedError():
            return "disconnected before an answer"
        case aiohttp.ClientPayloadError():
            return "the answer was cut off"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case _:
            return f"connection lost before an answer ({type(error).__name__})"


def _place(url: URL) -> str:
    return f"{url.host}:{url.port}"
