"""Secrets in memory."""

from __future__ import annotations

from tests.fakes.faults import Faults
from worker.model.errors import RefusedError


class MemorySecrets:
    """Texts by name; `faults` knows the operation get."""

    def __init__(self, **texts: str) -> None:
        self.faults = Faults()
        self.texts = dict(texts)

    async def get(self, name: str) -> str:
        await self.faults.meet("get")
        if name not in self.texts:
            raise RefusedError(f"GetSecretValue on {name}: there is no such secret")
        return self.texts[name]

    async def put(self, name: str, text: str) -> None:
        """Store or change a text."""
        self.texts[name] = text
