"""Statements that several roles share: claim checks, items of the state table, the log group."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Fn

from deploy.ecs.bucket import BUCKET
from deploy.ecs.policies import Statement, allow
from deploy.ecs.site import Site
from deploy.ecs.table import TABLE


def claims(site: Site, actions: Sequence[str]) -> list[Statement]:
    """On objects of the claim bucket, where there is one."""
    return allow("Claims", actions, [f"{_arn(BUCKET)}/*"]) if site.topology.sluice.bucket else []


def missing_claims(site: Site) -> list[Statement]:
    """To be told that a claim check's object is gone; without it S3 answers 403, as where access is denied."""
    return allow("SeeMissingClaims", ["s3:ListBucket"], [_arn(BUCKET)]) if site.topology.sluice.bucket else []


def items(sid: str, actions: Sequence[str], kinds: Sequence[str]) -> list[Statement]:
    """On items of these kinds only: those whose partition key is `KIND#…`."""
    keys = [f"{kind}#*" for kind in kinds]
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    return allow(sid, [f"dynamodb:{action}" for action in actions], [_arn(TABLE)], only)


def logs(log_group: str) -> list[Statement]:
    """To write into the stack's log group."""
    return allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_group])


def _arn(logical_id: str) -> str:
    return str(Fn.get_att(logical_id, "Arn").to_string())
