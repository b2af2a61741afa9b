"""The pointer that stands in a message whose body lies in S3, as AWS's extended client libraries write it."""

from __future__ import annotations

import json

POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"
POINTERS = frozenset(
    {
        POINTER,  # Java and Python clients of today
        "com.amazon.payloadoffloading.PayloadS3Pointer",  # the payload offloading library as it began
        "com.amazon.sqs.javamessaging.MessageS3Pointer",  # SQS extended client 1.x; `use_legacy_attribute`
    }
)


def encode(bucket: str, key: str) -> str:
    """Write the body that stands for an object; the attribute `wire.CLAIM` (payload bytes) goes with it."""
    return json.dumps([POINTER, {"s3BucketName": bucket, "s3Key": key}])


def decode(value: object) -> tuple[str, str] | None:
    """Read bucket and key from a decoded JSON body; None: it is no pointer."""
    match value:
        case [str(kind), {"s3BucketName": str(bucket), "s3Key": str(key)}] if kind in POINTERS:
            return bucket, key
        case _:
            return None
