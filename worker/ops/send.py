"""Publishes from the command line: one message, or a file of them."""

from __future__ import annotations

import sys
from pathlib import Path

from worker.ops.progress import Progress
from worker.publish import Entry, MessageReceipt, Publisher
from worker.publish.reading import lines_of
from worker.publish.records import publish_file, publish_lines
from worker.settings import Topology


async def send(topology: Topology, entry: Entry) -> MessageReceipt:
    """Publish one message; raises as `Publisher.publish` does."""
    async with Publisher(topology) as publisher:
        return await publisher.publish(
            entry.body, attributes=entry.attributes, key=entry.key, tenant=entry.tenant, topic=entry.topic
        )


async def send_file(topology: Topology, path: Path, progress: Progress) -> int:
    """Publish a file's lines, or those of standard input (`-`); returns how many."""
    async with Publisher(topology) as publisher:
        if str(path) == "-":
            return await publish_lines(publisher, lines_of(sys.stdin), on_progress=progress)
        return await publish_file(publisher, path, progress)
