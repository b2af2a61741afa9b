"""A vendor that takes everything and does nothing with it: for demos and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field

from worker.model.message import Job
from worker.model.outcome import Delivered, Outcome
from worker.ports import Batch, Traits, VendorContext
from worker.vendors.lib.options import Duration, Options


class EchoOptions(Options):
    """`options` of `adapter = "echo"`."""

    delay: Duration = Field(timedelta(0), description="how long a request takes")
    batch: int = Field(1, ge=1, description="how many jobs a request carries")


class Echo:
    """The adapter: its request is the payloads, and so is its reply."""

    Options = EchoOptions
    Payload = Any

    def __init__(self, options: EchoOptions, context: VendorContext) -> None:
        self.traits = Traits(idempotent=True, batch=Batch(options.batch))
        self._delay = min(options.delay, context.timeout).total_seconds()

    def prepare(self, jobs: Sequence[Job[Any]]) -> Sequence[Any]:
        """Take the payloads."""
        return [job.payload for job in jobs]

    async def send(self, request: Sequence[Any]) -> Sequence[Any]:
        """Give them back, after the delay."""
        await asyncio.sleep(self._delay)
        return request

    def classify(self, reply: Sequence[Any], jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:  # noqa: ARG002 - the port's
        """All delivered."""
        return [Delivered()] * len(jobs)
