"""Secrets Manager, and a secret's text kept at hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Self

from worker.aws.errors import wrapped
from worker.aws.session import Aws
from worker.model.errors import RefusedError, UnavailableError
from worker.ports import Clock, Secrets

_FRESH = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=30)  # after a failed refresh


class SecretsManager:
    """Texts by name or ARN (port `Secrets`)."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    async def open(cls, aws: Aws) -> Self:
        """Open the client; `aws` closes it."""
        return cls(await aws.client("secretsmanager", attempts=3))

    async def get(self, name: str) -> str:
        """The current text; raises RefusedError where there is none, UnavailableError to try again."""
        with wrapped("GetSecretValue", name):
            reply = await self._client.get_secret_value(SecretId=name)
        if "SecretString" not in reply:
            raise RefusedError(f"GetSecretValue on {name}: the secret is binary; store it as text")
        return str(reply["SecretString"])


class CachedSecret:
    """`await secret()`: its text, waited for the first time only; used as an async context manager.

    After five minutes the old text is still returned at once and a new one is fetched in the background. Where that
    fails, the old one stays, and half a minute later the next call tries again.
    """

    def __init__(self, secrets: Secrets, name: str, clock: Clock) -> None:
        self._secrets = secrets
        self._name = name
        self._clock = clock
        self._text: str | None = None
        self._due_at = 0.0  # monotonic seconds: when the next fetch may begin
        self._first = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    async def __call__(self) -> str:
        """The current text; the first time it raises what `Secrets.get` raises."""
        if self._text is None:
            async with self._first:
                return self._text or await self._fetch()
        if self._is_due():
            self._refreshing = asyncio.create_task(self._refresh(), name=f"secret {self._name}")
        return self._text

    def _is_due(self) -> bool:
        idle = self._refreshing is None or self._refreshing.done()
        return idle and self._clock.monotonic() >= self._due_at

    async def _fetch(self) -> str:
        self._text = await self._secrets.get(self._name)
        self._due_at = self._clock.monotonic() + _FRESH.total_seconds()
        return self._text

    async def _refresh(self) -> None:
        try:
            await self._fetch()
        except (RefusedError, UnavailableError):
            self._due_at = self._clock.monotonic() + _PATIENCE.total_seconds()
