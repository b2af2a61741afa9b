"""What publishers may do."""

from __future__ import annotations

from aws_cdk import aws_iam

from deploy.ecs.access import claims
from deploy.ecs.policies import allow, document
from deploy.ecs.site import Site


def add_producer(site: Site) -> None:
    """A policy to be attached to whoever publishes."""
    statements = [*allow("Publish", ["sns:Publish"], site.topic_arns), *claims(site, ["s3:PutObject"])]
    aws_iam.CfnManagedPolicy(
        site.stack,
        "ProducerPolicy",
        description=f"Publishes to {site.names.prefix}",
        policy_document=document(statements),
    )
