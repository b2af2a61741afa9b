"""What a message is about: its job's key, its rows, its cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from worker.model.continuation import load_continuation
from worker.model.message import Attributes, Job, MessageId
from worker.model.wire import CONTINUATION, KEY


@dataclass(frozen=True, slots=True)
class Contents:
    """`items` is what ends, each by itself: the job, or each of its rows."""

    key: str
    rows: tuple[str, ...] = ()
    cursor: str | None = None

    @property
    def items(self) -> Sequence[str]:
        """A name for each."""
        return [f"{self.key}/{row}" for row in self.rows] or [self.key]

    @property
    def number(self) -> int:
        """Of the round that it is about; the first one is 0."""
        return int(self.cursor or 0)

    @property
    def round(self) -> str:
        """A name for what one request of a long job does."""
        return f"{self.key}@{self.cursor or ''}"


def of_message(message: MessageId, body: str, attributes: Attributes) -> Contents:
    """Of a message in a queue, whether it can be read or not."""
    key = attributes[KEY].text if KEY in attributes else message
    cursor = None
    with suppress(ValueError, KeyError):
        cursor = load_continuation(attributes[CONTINUATION].text).cursor
    return Contents(key, _rows(body), cursor)


def of_job(job: Job[Any]) -> Contents:
    """Of what an adapter is given."""
    return Contents(job.key, tuple(job.payload.get("rows", ())), job.cursor)


def _rows(body: str) -> tuple[str, ...]:
    try:
        payload = json.loads(body)
    except ValueError:
        return ()
    return tuple(payload.get("rows", ())) if isinstance(payload, dict) else ()
