"""What a call to AWS needs: which actions of IAM, on which resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
A batch is authorised by the action of one; S3's methods by its own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.privilege.policy import Access
from worker.local.awscall import Call

FREE = frozenset({"sts:GetCallerIdentity"})  # AWS: no permission is needed for it

_SQS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
_S3 = {"GET": "s3:GetObject", "PUT": "s3:PutObject", "HEAD": "s3:GetObject"}
_SUFFIX = "-a1B2c3"  # Secrets Manager's own end of each ARN: six characters
_WHOLE = re.compile(r"arn:.*-[A-Za-z0-9]{6}")
_LEADING = "dynamodb:leadingkeys"
_RPC = re.compile(r"/service/\w+/operation/(\w+)")  # Smithy's RPC protocols


@dataclass(frozen=True, slots=True)
class Place:
    """Where the calls went."""

    account: str
    region: str

    def accesses(self, call: Call) -> Sequence[Access]:
        """What a call needs; raises ValueError for one that is not known here."""
        service, _, operation = call.operation.partition(":")
        match service:
            case "sqs":
                return [Access(f"sqs:{_SQS.get(operation, operation)}", self._arn("sqs", _queue(call.fields)))]
            case "sns":
                return [Access("sns:Publish", _topic(call.fields))]
            case "s3":
                return [Access(_S3[operation], f"arn:aws:s3:::{_object(call.path)}")]
            case "dynamodb":
                return list(self._table(operation, call.fields))
            case "secretsmanager":
                return [Access(f"secretsmanager:{operation}", self._secret(call.fields["SecretId"]))]
            case "monitoring":
                return [_metrics(call)]
            case "sts":
                return [Access(f"sts:{operation}", "*")]
            case _:
                raise ValueError(f"not known here: {call.operation} {call.path}")

    def _arn(self, service: str, name: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def _table(self, operation: str, fields: Mapping[str, Any]) -> Iterator[Access]:
        tables = fields.get("RequestItems") or {fields["TableName"]: fields}
        for name, asked in tables.items():
            keys = tuple(sorted(set(_partitions(asked))))
            assert keys, operation  # a call without any would pass ForAllValues unseen
            yield Access(f"dynamodb:{operation}", self._arn("dynamodb", f"table/{name}"), ((_LEADING, keys),))

    def _secret(self, name: str) -> str:
        arn = name if name.startswith("arn:") else self._arn("secretsmanager", f"secret:{name}")
        return arn if _WHOLE.fullmatch(name) else arn + _SUFFIX


def _queue(fields: Mapping[str, Any]) -> str:
    return str(fields.get("QueueName") or urlsplit(fields["QueueUrl"]).path.rpartition("/")[2])


def _topic(fields: Mapping[str, Any]) -> str:
    if fields["Action"] not in {"Publish", "PublishBatch"}:
        raise ValueError(f"not known here: sns:{fields['Action']}")
    return str(fields["TopicArn"])


def _object(path: str) -> str:
    """`bucket/key`; anything about a bucket itself is not known here."""
    found = unquote(urlsplit(path).path).removeprefix("/")
    if not found.partition("/")[2] or re.search(r"[?&](acl|tagging|uploads|versionId)\b", path):
        raise ValueError(f"not known here: s3 {path}")
    return found


def _partitions(asked: Any) -> Iterator[str]:
    """The partition keys, wherever an operation has them; of a query its `:pk`."""
    match asked:
        case {"pk": {"S": str(key)}} | {":pk": {"S": str(key)}}:
            yield key
        case dict():
            yield from (key for inner in asked.values() for key in _partitions(inner))
        case list():
            yield from (key for inner in asked for key in _partitions(inner))


def _metrics(call: Call) -> Access:
    operation = call.operation.partition(":")[2]
    if found := _RPC.search(call.path):
        operation = found[1]
    return Access(f"cloudwatch:{operation}", "*", (("cloudwatch:namespace", (_namespace(call),)),))


def _namespace(call: Call) -> str:
    """Also out of CBOR, whose texts stand there as they are."""
    if call.protocol != "rest":
        return str(call.fields["Namespace"])
    found = re.search(rb"Sluice/[a-z0-9-]+", call.body)
    return found[0].decode() if found else ""
