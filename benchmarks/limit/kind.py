"""What a row's topology says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from benchmarks.queues import VENDOR

_TOPOLOGY = """
[sluice]
name = "{name}"
grace = "5s"
health_port = 0
table = {table}

[pools.default]
max_tasks = {max_tasks}

[vendors.{vendor}]
adapter = "benchmarks.limit.stamped:Stamped"
rate = {rate}
share = "{share}"
concurrency = {concurrency}
timeout = "1.5s"
poll = "1s"
visibility = "{visibility}s"
options = {{ url = "{url}", idempotency_header = "Idempotency-Key" }}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """Its limit, who keeps it, and how much waits."""

    rate: object  # as in a topology
    messages: int  # in the queue
    share: Literal["one", "fleet"] = "one"
    max_tasks: int = 1
    concurrency: int = 20
    visibility: int = 10  # seconds

    def topology(self, name: str, url: str, *, table: bool) -> str:
        """The file."""
        return _TOPOLOGY.format(
            name=name,
            table=json.dumps(table),
            max_tasks=self.max_tasks,
            vendor=VENDOR,
            rate=json.dumps(self.rate),
            share=self.share,
            concurrency=self.concurrency,
            visibility=self.visibility,
            url=url,
        )
