"""One request to AWS, as far as it can be told from its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl

Protocol = Literal["json", "query", "rest"]

_SCOPE = re.compile(r"Credential=[^/,]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")


@dataclass(frozen=True)  # no slots: `fields` is parsed once and kept
class Call:
    """What is asked of which service, and how errors are told in its protocol."""

    operation: str  # "sqs:ReceiveMessage"; of REST services the method: "s3:GET"
    protocol: Protocol
    body: bytes
    path: str = "/"

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """A JSON request's members, or a query's parameters; none for REST."""
        match self.protocol:
            case "json":
                fields: Mapping[str, Any] = json.loads(self.body or b"{}")
                return fields
            case "query":
                return dict(parse_qsl(self.body.decode()))
            case "rest":
                return {}

    @property
    def queue(self) -> str:
        """The name of the queue that an SQS call is about."""
        return str(self.fields.get("QueueUrl", "")).rpartition("/")[2]

    @property
    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Those of an SQS batch."""
        return self.fields.get("Entries", ()) if self.protocol == "json" else ()

    @property
    def items(self) -> Sequence[str]:
        """The partition keys of the items that a DynamoDB call is about."""
        return list(partitions(self.fields)) if self.operation.startswith("dynamodb:") else ()

    def with_entries(self, entries: Sequence[Mapping[str, Any]]) -> Call:
        """The same batch call with only these."""
        return replace(self, body=json.dumps({**self.fields, "Entries": list(entries)}).encode())


def partitions(value: Any) -> Iterator[str]:
    """The partition keys in a DynamoDB request or answer: each operation has them at another depth."""
    match value:
        case {"pk": {"S": str(key)}}:
            yield key
        case dict():
            yield from (key for inner in value.values() for key in partitions(inner))
        case list():
            yield from (key for inner in value for key in partitions(inner))


def call_of(method: str, headers: Mapping[str, str], body: bytes, path: str = "/") -> Call:
    """Read a request; the service is the one that it is signed for."""
    found = _SCOPE.search(headers.get("Authorization", ""))
    service = found[1] if found else "unknown"
    if target := headers.get("X-Amz-Target"):
        return Call(f"{service}:{target.rpartition('.')[2]}", "json", body, path)
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        action = dict(parse_qsl(body.decode())).get("Action", "")
        return Call(f"{service}:{action}", "query", body, path)
    return Call(f"{service}:{method}", "rest", body, path)
