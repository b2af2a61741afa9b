"""Compares resources with what is live, and makes them as they should be; deletes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from worker.aws.arns import Place
from worker.aws.changes import Change, Created, Live, Updated, changes
from worker.aws.resources import Bucket, Queue, Resource, Subscription, Table, Topic
from worker.aws.session import Aws
from worker.aws.stores.bucket import BucketStore
from worker.aws.stores.queue import QueueStore
from worker.aws.stores.subscription import SubscriptionStore
from worker.aws.stores.table import TableStore
from worker.aws.stores.topic import TopicStore

_ATTEMPTS = 5  # botocore's: nothing here is urgent, and SNS throttles Subscribe


class Store(Protocol):
    """The resources of one kind. Each raises RefusedError or UnavailableError."""

    async def read(self, resource: Any, /) -> Live:
        """Its attributes as they are; None: it is not there."""

    async def create(self, resource: Any, /) -> None:
        """Make it, with all its attributes."""

    async def update(self, resource: Any, attributes: Mapping[str, str], /) -> None:
        """Set these attributes."""


@dataclass(frozen=True, slots=True)
class Provision:
    """Where resources are compared and made."""

    stores: Mapping[type[Resource], Store]
    emulated: bool

    @classmethod
    async def open(cls, aws: Aws, place: Place) -> Self:
        """Open the clients that it needs; they close with `aws`."""
        sns, sqs, s3, dynamodb = [
            await aws.client(name, attempts=_ATTEMPTS) for name in ("sns", "sqs", "s3", "dynamodb")
        ]
        return cls(
            {
                Topic: TopicStore(sns, place),
                Queue: QueueStore(sqs),
                Subscription: SubscriptionStore(sns),
                Bucket: BucketStore(s3, place),
                Table: TableStore(dynamodb),
            },
            emulated=not _is_aws(sqs.meta.endpoint_url),
        )

    async def compare(self, resource: Resource) -> Sequence[Change]:
        """Say what would change; reads only."""
        here = self._here(resource)
        return changes(here, await self.stores[type(here)].read(here))

    async def apply(self, resource: Resource) -> Sequence[Change]:
        """Make it as it should be; returns what was changed."""
        here, store = self._here(resource), self.stores[type(resource)]
        found = await self.compare(here)
        if any(isinstance(change, Created) for change in found):
            await store.create(here)
        updates = {change.attribute: change.after for change in found if isinstance(change, Updated)}
        if updates:
            await store.update(here, updates)
        return found

    def _here(self, resource: Resource) -> Resource:
        # AWS takes 1 MiB since August 2025; emulators stop at 256 KiB and refuse the queue.
        if isinstance(resource, Queue) and self.emulated:
            kept = {name: value for name, value in resource.attributes.items() if name != "MaximumMessageSize"}
            return replace(resource, attributes=kept)
        return resource


def _is_aws(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))
