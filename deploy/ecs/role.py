"""A role with one policy of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import aws_iam

from deploy.ecs.policies import Statement, document
from deploy.ecs.site import Site


def add_role(site: Site, name: str, who: dict[str, Any], statements: Iterable[Statement]) -> str:
    """Add one that `who` may take; returns its ARN."""
    policy = aws_iam.CfnRole.PolicyProperty(policy_name="Sluice", policy_document=document(statements))
    role = aws_iam.CfnRole(site.stack, name, assume_role_policy_document=who, policies=[policy])
    return str(role.attr_arn)
