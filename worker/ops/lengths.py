"""Whether the names that AWS resources get are names that AWS takes, and each just once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from worker.model.names import Names
from worker.ops.finding import Finding, error
from worker.settings import Topology

_LONGEST_QUEUE = 80  # SQS
_LONGEST_BUCKET = 63  # S3
_ACCOUNT, _REGION = "0" * 12, "ap-northeast-1"  # as long as they get


def name_lengths(topology: Topology) -> Iterator[Finding]:
    """Check the names that can be too long; a topic's cannot: SNS takes 256 characters, two names have 81."""
    names = Names(topology.sluice.name)
    queues = [(vendor, queue) for vendor in topology.vendors for queue in _queues(names, vendor)]
    for vendor, queue in queues:
        if len(queue) > _LONGEST_QUEUE:
            yield _too_long(f"[vendors.{vendor}]", queue, _LONGEST_QUEUE, "the vendor's name or [sluice] name")
    for queue, count in Counter(queue for _, queue in queues).items():
        if count > 1:
            yield error("[vendors]", f"two queues would be called {queue}", "rename one of the vendors")
    bucket = names.bucket(_ACCOUNT, _REGION)
    if topology.sluice.bucket and len(bucket) > _LONGEST_BUCKET:
        yield _too_long("[sluice] name", bucket, _LONGEST_BUCKET, "it, or write bucket = false")


def _queues(names: Names, vendor: str) -> tuple[str, str, str]:
    return names.queue(vendor), names.dead_letters(vendor), names.undelivered(vendor)


def _too_long(place: str, name: str, longest: int, what: str) -> Finding:
    return error(place, f"{name} has {len(name)} characters, AWS takes {longest}", f"shorten {what}")
