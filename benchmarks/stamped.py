"""The `http` adapter, which also notes the instants at which it sends."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

from pydantic import Field

from worker.ports import VendorContext
from worker.vendors.http import Http
from worker.vendors.lib.http_options import HttpOptions
from worker.vendors.lib.rest import Reply, Request


class StampedOptions(HttpOptions):
    """Those of `http`, and where to."""

    stamps: Path = Field(description="gets a JSON list of monotonic seconds when the vendor is closed")


class Stamped(Http):
    """Its instants of sending are taken as the last thing before the request is given to the HTTP client."""

    Options = StampedOptions
    Payload = Any

    def __init__(self, options: StampedOptions, context: VendorContext) -> None:
        super().__init__(options, context)
        self._file = options.stamps
        self._stamps: list[float] = []

    async def send(self, request: Request) -> Reply:
        """Note the instant, and send."""
        self._stamps.append(monotonic())
        return await super().send(request)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write all instants."""
        await super().__aexit__(kind, error, trace)
        self._file.write_text(json.dumps(self._stamps))
