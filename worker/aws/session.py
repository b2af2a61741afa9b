"""The way to AWS: one session, and the clients that it opens and closes."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from ssl import create_default_context
from typing import Any, Self
from urllib.parse import urlsplit

import aioboto3
import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError

from worker.aws.errors import wrapped
from worker.aws.jsonapi import JsonApi
from worker.model.errors import ConfigurationError

_USER_AGENT = "sluice"  # fixed, for botocore would put it together anew for each call: a tenth of a call's CPU
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# For fixed credentials: what the developer has configured for the real AWS must not leak in.
_NO_FILES: dict[str, tuple[str | None, list[str], str | None, None]] = {
    "profile": (None, [], None, None),
    "config_file": (None, [], os.devnull, None),
    "credentials_file": (None, [], os.devnull, None),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, for an emulator; the real AWS is reached by the standard configuration."""

    access_key: str
    secret_key: str = field(repr=False)


class Aws:
    """Standard AWS configuration (AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION…), but for what is given here.

    With `credentials` neither profiles nor configuration files are read. Entering it raises ConfigurationError.
    """

    def __init__(
        self,
        region: str | None = None,
        profile: str | None = None,
        endpoint: str | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self.endpoint = (
            endpoint or os.environ.get("AWS_ENDPOINT_URL") or None
        )  # where it is known, for what people read
        self._region = region
        self._profile = profile
        self._given_endpoint = endpoint
        self._credentials = credentials
        self._account: str | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            self._session = self._open_session()
            self.region = self._find_region()
        except BotoCoreError as error:  # a profile that is not there, a configuration file that cannot be read
            raise ConfigurationError(f"AWS configuration: {error}") from error
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()

    async def client(
        self,
        service: str,
        *,
        pool: int = 10,
        connect_timeout: timedelta = timedelta(seconds=2),
        read_timeout: timedelta = timedelta(seconds=10),
        attempts: int = 1,
    ) -> Any:
        """Open a client of `pool` connections that closes with this; `attempts` counts botocore's own tries.

        Credentials are looked up here, calls refused by them are not.
        """
        config = AioConfig(
            max_pool_connections=pool,
            connect_timeout=connect_timeout.total_seconds(),
            read_timeout=read_timeout.total_seconds(),
            retries={"total_max_attempts": attempts, "mode": "standard"},
            parameter_validation=service != "sqs",  # SQS checks them itself, and is called for every ten messages
            user_agent=_USER_AGENT,
            proxies={} if _is_loopback(self.endpoint) else None,  # None: as the environment says
        )
        with wrapped("connect", service):
            return await self._stack.enter_async_context(
                self._session.client(service, region_name=self.region, endpoint_url=self._given_endpoint, config=config)
            )

    async def json_api(
        self, service: str, target: str, *, pool: int, connect_timeout: timedelta, read_timeout: timedelta
    ) -> JsonApi:
        """A bare way to a service that is called often; endpoint, region and credentials are a client's of it."""
        meta = (await self.client(service)).meta
        loopback = _is_loopback(meta.endpoint_url)
        bundle = self._session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - aioboto3 hides it
        with wrapped("connect", service):
            credentials = await self._session.get_credentials()
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=pool, ssl=create_default_context(cafile=bundle)),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=connect_timeout.total_seconds(), sock_read=read_timeout.total_seconds()
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _USER_AGENT},
                trust_env=not loopback,  # proxies, as botocore
            )
        )
        return JsonApi(session, target, endpoint=meta.endpoint_url, region=meta.region_name, credentials=credentials)

    async def account(self) -> str:
        """The account's number; asked once."""
        if self._account is None:
            sts = await self.client("sts", attempts=3)
            with wrapped("GetCallerIdentity", "sts"):
                self._account = (await sts.get_caller_identity())["Account"]
        return self._account

    def _open_session(self) -> Any:
        if self._credentials is None:
            return aioboto3.Session(profile_name=self._profile)
        return aioboto3.Session(
            aws_access_key_id=self._credentials.access_key,
            aws_secret_access_key=self._credentials.secret_key,
            botocore_session=AioSession(session_vars=_NO_FILES),
        )

    def _find_region(self) -> str:
        # botocore itself reads AWS_DEFAULT_REGION only; ECS and the other SDKs set AWS_REGION.
        found = self._region or os.environ.get("AWS_REGION") or self._session.region_name
        if not found:
            raise ConfigurationError(
                "no AWS region: set AWS_REGION (such as eu-west-1) or `region` in your AWS profile"
            )
        return str(found)


def _is_loopback(endpoint: str | None) -> bool:
    return endpoint is not None and urlsplit(endpoint).hostname in _LOOPBACK
