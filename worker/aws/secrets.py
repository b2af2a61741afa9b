"""Secrets Manager, and the texts of secrets kept at hand."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from typing import Any, Self

from worker.aws.errors import wrapped
from worker.aws.session import Aws
from worker.model.errors import RefusedError
from worker.ports import Clock, Secrets

_FRESH = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=30)  # from a refresh that fails to the next
_KEPT = 10_000  # texts of one entry; the longest unused is forgotten first


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


class CachedSecrets:
    """`await secrets(name)`: a text, waited for the first time only; used as an async context manager.

    Without a name it is that of the entry's one secret, `fixed`. After five minutes the old text is still returned at
    once and a new one is fetched in the background. Where that fails, the old one stays, and half a minute later the
    next call tries again.
    """

    def __init__(self, secrets: Secrets, clock: Clock, *, fixed: str | None = None, kept: int = _KEPT) -> None:
        self._secrets = secrets
        self._clock = clock
        self._fixed = fixed
        self._kept = kept
        self._texts: OrderedDict[str, _Text] = OrderedDict()  # the longest unused first
        self._fetches: dict[str, asyncio.Task[str]] = {}  # in the air, one for each name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        if fetches := list(self._fetches.values()):
            for fetch in fetches:
                fetch.cancel()
            await asyncio.wait(fetches)

    async def __call__(self, name: str | None = None) -> str:
        """The current text; the first time it raises what `Secrets.get` raises."""
        name = name or self._fixed
        if name is None:
            raise RefusedError("which secret it needs depends on the payload, and the request does not name it")
        if (kept := self._texts.get(name)) is None:
            return await asyncio.shield(self._fetch(name))  # others may wait for it, too
        self._texts.move_to_end(name)
        if (now := self._clock.monotonic()) >= kept.due_at:
            kept.due_at = now + _PATIENCE.total_seconds()
            self._fetch(name)
        return kept.text

    def _fetch(self, name: str) -> asyncio.Task[str]:
        if (fetch := self._fetches.get(name)) is None:
            fetch = self._fetches[name] = asyncio.create_task(self._get(name), name=f"secret {name}")
            fetch.add_done_callback(_seen)
        return fetch

    async def _get(self, name: str) -> str:
        try:
            text = await self._secrets.get(name)
        finally:
            del self._fetches[name]
        self._texts[name] = _Text(text, self._clock.monotonic() + _FRESH.total_seconds())
        if len(self._texts) > self._kept:
            self._texts.popitem(last=False)
        return text


class _Text:
    """One secret's text, and when the next fetch may begin (monotonic seconds)."""

    __slots__ = ("due_at", "text")

    def __init__(self, text: str, due_at: float) -> None:
        self.text = text
        self.due_at = due_at


def _seen(fetch: asyncio.Task[str]) -> None:
    """A refresh that fails is nobody's error: the old text stays."""
    if not fetch.cancelled():
        fetch.exception()
