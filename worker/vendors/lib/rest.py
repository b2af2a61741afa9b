"""What HTTP vendors share: one session, a timeout, the secret, and the meaning of statuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args, get_origin
from urllib.parse import urlencode

import aiohttp
from pydantic import BaseModel

from worker.model.errors import NotSentError, RefusedError, UnavailableError
from worker.model.message import Job
from worker.model.outcome import Outcome
from worker.ports import Traits, VendorContext
from worker.vendors.lib.attempt import Attempt
from worker.vendors.lib.credentials import Credentials, needs_secret
from worker.vendors.lib.reply import Reply
from worker.vendors.lib.request import Request
from worker.vendors.lib.status import outcome_of, rejected, retried, throttled
from worker.vendors.lib.waits import retry_after, wait_of

__all__ = [
    "Reply",
    "Request",
    "RestVendor",
    "outcome_of",
    "rejected",
    "retried",
    "retry_after",
    "throttled",
    "wait_of",
]

OptionsT = TypeVar("OptionsT", bound=BaseModel)
PayloadT = TypeVar("PayloadT")

LONGEST_BODY = 1 << 20  # bytes of a reply that are kept


class RestVendor(Generic[OptionsT, PayloadT]):
    """A vendor with an HTTP API: `class Acme(RestVendor[AcmeOptions, Message])` is its adapter.

    Write `request`, and `outcome` where the status does not say it all; a vendor that takes batches writes `prepare`
    and `classify` instead, and gives its request the `secret_name` of any of the jobs: they have the same. It is an
    async context manager: its one session is open inside.
    """

    Options: ClassVar[type[BaseModel]]
    Payload: ClassVar[Any]
    traits: Traits = Traits()

    def __init_subclass__(cls, **rest: object) -> None:
        """Take Options and Payload from the brackets, so that they are said once."""
        super().__init_subclass__(**rest)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is RestVendor:
                said = dict(zip(("Options", "Payload"), get_args(base), strict=True))
                for name in said.keys() - vars(cls).keys():
                    setattr(cls, name, said[name])

    def __init__(self, options: OptionsT, context: VendorContext) -> None:
        self.options = options
        self.context = context
        self._session: aiohttp.ClientSession | None = None

    def request(self, job: Job[PayloadT]) -> Request:
        """Make the request of one job; pure. Raises BadMessageError."""
        raise NotImplementedError(f"{type(self).__name__} makes no request")

    def outcome(self, reply: Reply) -> Outcome:
        """Say what a reply means; pure."""
        return outcome_of(reply, idempotent=self.traits.idempotent)

    def prepare(self, jobs: Sequence[Job[PayloadT]]) -> Request:
        """Make the one request that carries these jobs."""
        (job,) = jobs
        request = self.request(job)
        return request if job.secret is None else replace(request, secret_name=job.secret)

    def classify(self, reply: Reply, jobs: Sequence[Job[PayloadT]]) -> Sequence[Outcome]:
        """One outcome for all."""
        return [self.outcome(reply)] * len(jobs)

    async def __aenter__(self) -> Self:
        """Open the session; connections are opened when they are needed."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.context.connections),
            timeout=aiohttp.ClientTimeout(
                total=self.context.timeout.total_seconds(),
                ceil_threshold=float("inf"),  # else aiohttp rounds up to whole seconds
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"sluice/{version('sluice')}"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Reply:
        """Send it, once; redirects are not followed.

        Raises NotSentError, NotAnsweredError, and RefusedError where the secret is missing or does not fit.
        """
        if self._session is None:
            raise RuntimeError(f"{type(self).__name__} is not open: use it in `async with`")
        url, headers = await self._filled(request)
        data, media_type = request.content
        if media_type is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = media_type
        attempt = Attempt()
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=data, allow_redirects=False, middlewares=(attempt,)
            ) as response:
                return await _read(response)
        except (aiohttp.ClientError, OSError) as error:
            # not `from error`: aiohttp's texts hold the URL, with its query
            raise attempt.failure(error, url) from None

    async def _filled(self, request: Request) -> tuple[str, dict[str, str]]:
        url, headers = request.url, dict(request.headers)
        if needs_secret(request):
            credentials = await self._credentials(request.secret_name)
            url = credentials.url(request)
            headers |= credentials.headers(request)
        if request.params:
            url += ("&" if "?" in url else "?") + urlencode(request.params)
        return (url if self.context.endpoint is None else _moved(url, self.context.endpoint)), headers

    async def _credentials(self, name: str | None) -> Credentials:
        if self.context.secret is None:
            raise RefusedError(f"vendors.{self.context.name} names no secret, and its requests need one")
        try:
            return Credentials(self.context.name, await self.context.secret(name))
        except UnavailableError as error:
            raise NotSentError(f"its secret could not be fetched: {error}") from error


async def _read(response: aiohttp.ClientResponse) -> Reply:
    body = await response.content.readany()
    while not response.content.at_eof() and len(body) <= LONGEST_BODY:
        body += await response.content.readany()
    truncated = len(body) > LONGEST_BODY
    return Reply(response.status, response.headers, body[:LONGEST_BODY] if truncated else body, truncated)


def _moved(url: str, endpoint: str) -> str:
    """The same path and query at another scheme://host:port."""
    start = url.find("://") + 3
    ends = [place for place in (url.find(mark, start) for mark in "/?#") if place >= 0]
    return endpoint.rstrip("/") + (url[min(ends) :] if ends else "/")
