"""IAM policies as values: statements, documents, and who may take a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aws_cdk import Aws

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, Any]]


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Condition | None = None
) -> list[Statement]:
    """One statement; none where there is nothing to allow it on."""
    if not resources:
        return []
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return [{**statement, "Condition": condition} if condition else statement]


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """A policy of them."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str, *, source: str | None = None) -> dict[str, Any]:
    """A service may take the role; `source`: only for resources of this account that are like this ARN."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if source is not None:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": source},
        }
    return document([statement])
