"""S3 buckets for claim checks: read, made, set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from worker.aws.arns import Place
from worker.aws.changes import Live
from worker.aws.errors import wrapped
from worker.aws.resources import Bucket
from worker.aws.stores.presence import found


class BucketStore:
    """S3 buckets for claim checks."""

    def __init__(self, s3: Any, place: Place) -> None:
        self._s3 = s3
        self._place = place

    async def read(self, bucket: Bucket) -> Live:
        """Its attributes; None: it is not there."""
        # With the owner given, a bucket of this name in someone else's account is refused, not used.
        whose = {"Bucket": bucket.name, "ExpectedBucketOwner": self._place.account}
        if await found("HeadBucket", self._s3.head_bucket, **whose) is None:
            return None
        block = await found("GetPublicAccessBlock", self._s3.get_public_access_block, **whose)
        lifecycle = await found("GetBucketLifecycle", self._s3.get_bucket_lifecycle_configuration, **whose)
        live = {}
        if block is not None:
            live["PublicAccessBlock"] = json.dumps(block["PublicAccessBlockConfiguration"])
        if lifecycle is not None:
            live["Lifecycle"] = json.dumps([_as_ours(rule) for rule in lifecycle["Rules"]], default=str)
        return live

    async def create(self, bucket: Bucket) -> None:
        """Make it."""
        # S3 wants no LocationConstraint in the one region that was first.
        elsewhere = self._place.region != "us-east-1"
        there = {"CreateBucketConfiguration": {"LocationConstraint": self._place.region}} if elsewhere else {}
        with wrapped("CreateBucket", bucket.name):
            await self._s3.create_bucket(Bucket=bucket.name, **there)
        await self.update(bucket, bucket.attributes)

    async def update(self, bucket: Bucket, attributes: Mapping[str, str]) -> None:
        """Set its public access block, its lifecycle, or both."""
        if "PublicAccessBlock" in attributes:
            with wrapped("PutPublicAccessBlock", bucket.name):
                await self._s3.put_public_access_block(
                    Bucket=bucket.name, PublicAccessBlockConfiguration=json.loads(attributes["PublicAccessBlock"])
                )
        if "Lifecycle" in attributes:
            with wrapped("PutBucketLifecycle", bucket.name):
                await self._s3.put_bucket_lifecycle_configuration(
                    Bucket=bucket.name, LifecycleConfiguration={"Rules": json.loads(attributes["Lifecycle"])}
                )


def _as_ours(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """A rule for all objects as `up` writes it; CloudFormation's has no filter, or an empty one."""
    rest = {name: value for name, value in rule.items() if name not in {"Filter", "Prefix"}}
    is_of_all = rule.get("Filter", {}) in ({}, {"Prefix": ""}) and not rule.get("Prefix")
    return {**rest, "Filter": {"Prefix": ""}} if is_of_all else rule
