"""A vendor's adapter whose process dies of a marked payload."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from worker.model.message import Job
from worker.vendors.http import Http
from worker.vendors.lib.rest import Reply, Request

MARK = "poison"
_DIES = "X-Dies"
_SECONDS = 1.0  # that it takes to die of it, as of a payload that eats all memory


class Poison(Http):
    """As `http`, until a payload with the mark comes."""

    Payload = Any

    def prepare(self, jobs: Sequence[Job[Any]]) -> Request:
        """Note the mark."""
        request = super().prepare(jobs)
        marked = any(MARK in job.payload for job in jobs)
        return Request(request.method, request.url, {**request.headers, _DIES: "1"}, json={}) if marked else request

    async def send(self, request: Request) -> Reply:
        """Die of it, or send."""
        if _DIES in request.headers:
            await asyncio.sleep(_SECONDS)
            os._exit(137)
        return await super().send(request)
