"""What outlives its stack."""

from __future__ import annotations

from aws_cdk import CfnDeletionPolicy, CfnResource


def keep(resource: CfnResource) -> None:
    """Leave it there when it leaves the stack: it may hold messages, or what is known of them.

    Only where its own creation is rolled back it goes, so that the next try does not find its name taken.
    """
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
