"""The `http` adapter, whose requests say when they left."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any

from benchmarks.limit.vendor import SENT
from worker.vendors.http import Http
from worker.vendors.lib.rest import Reply, Request


class Stamped(Http):
    """The instant is taken as the last thing before the request is given to the HTTP client."""

    Payload = Any

    async def send(self, request: Request) -> Reply:
        """Stamp it, and send."""
        return await super().send(replace(request, headers={**request.headers, SENT: repr(monotonic())}))
