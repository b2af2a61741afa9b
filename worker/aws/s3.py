"""Claim checks in S3."""

from __future__ import annotations

import uuid
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any, Self

from botocore.exceptions import ClientError

from worker.aws.errors import code_of, wrapped
from worker.aws.session import Aws
from worker.model.errors import BadMessageError
from worker.ports import Pointer

_MISSING = frozenset({"NoSuchKey", "404", "NoSuchVersion"})


class S3Blobs:
    """Objects in our bucket, and in those others that the topology names (port `Blobs`)."""

    def __init__(self, client: Any, bucket: str, also_from: AbstractSet[str] = frozenset()) -> None:
        self._client = client
        self._bucket = bucket
        self._allowed = {bucket, *also_from}

    @classmethod
    async def open(cls, aws: Aws, bucket: str, also_from: AbstractSet[str] = frozenset()) -> Self:
        """Open the client; `aws` closes it."""
        client = await aws.client("s3", pool=20, read_timeout=timedelta(seconds=30), attempts=3)
        return cls(client, bucket, also_from)

    async def get(self, pointer: Pointer) -> bytes:
        """Fetch an object; BadMessageError (claim_bucket, claim_missing) where the pointer is worth nothing."""
        if pointer.bucket not in self._allowed:  # or anyone who can send a message could have us read any bucket
            raise BadMessageError("claim check: its bucket is not one of the topology's", code="claim_bucket")
        with wrapped("GetObject", pointer.bucket):
            try:
                reply = await self._client.get_object(Bucket=pointer.bucket, Key=pointer.key)
            except ClientError as error:
                if code_of(error) in _MISSING:
                    raise BadMessageError("claim check: its object is not there", code="claim_missing") from error
                raise
            async with reply["Body"] as body:
                return bytes(await body.read())

    async def put(self, data: bytes) -> Pointer:
        """Store an object in our bucket, under a random key."""
        pointer = Pointer(self._bucket, str(uuid.uuid4()))
        with wrapped("PutObject", self._bucket):
            await self._client.put_object(Bucket=pointer.bucket, Key=pointer.key, Body=data)
        return pointer
