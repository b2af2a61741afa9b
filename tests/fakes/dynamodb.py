"""A DynamoDB client that a test scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Answer = dict[str, Any] | Exception


@dataclass
class ScriptedDynamoDb:
    """Gives `answers` in their order, the last for ever; remembers what was asked. `silent`: never answers."""

    answers: Sequence[Answer] = ({},)
    silent: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        async def call(**parameters: Any) -> dict[str, Any]:
            self.asked.append((operation, parameters))
            if self.silent:
                await asyncio.Event().wait()
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
