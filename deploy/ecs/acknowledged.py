"""Findings of cdk-nag, cfn-lint and the CDK's own validation that are meant to be so, each with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations

from deploy.ecs.bucket import BUCKET
from deploy.ecs.logical import logical
from deploy.ecs.site import Site, queue_id

_NO_RESOURCE = "GetAuthorizationToken and PutMetricData know no resources; the latter is bound to one namespace"
_OBJECTS = "claim checks have random keys; it is this one bucket's objects, and no other action"


def acknowledge(site: Site) -> None:
    """Acknowledge all of them."""
    _say(site, "Cluster", "ECS4", "Container Insights cost by the task; workers and scaler tell what is acted on")
    _say(site, "Vpc", "VPC7", "flow logs cost more than the tasks; turn them on where your account asks for them")
    _say(site, "Scaler", "L1", "the image, CI and the scaler run on one version of Python")
    if site.topology.sluice.bucket:
        _say(
            site,
            BUCKET,
            "S1",
            "only this stack's roles come here, objects live for weeks, and each is named in a message",
        )
    for vendor in site.topology.vendors:
        undelivered = queue_id(site.names, site.names.undelivered(vendor))
        _say(
            site,
            undelivered,
            "SQS3",
            "it is a dead-letter queue: of the vendor's subscription, which the rule does not see",
        )
    for pool in site.pools:
        _say(site, logical("Task", pool), "ECS2", "the topology and the pool's name; secrets are fetched at run time")
        _say(site, logical("ConsumerRole", pool), f"IAM5[Resource::<{BUCKET}.Arn>/*]", _OBJECTS)
        _validated(site, logical("Service", pool), "E1154")
        _linted(site, logical("Service", pool), "W1033")
    _say(site, "ProducerPolicy", f"IAM5[Resource::<{BUCKET}.Arn>/*]", _OBJECTS)
    _say(site, "ExecutionRole", "IAM5[Resource::*]", _NO_RESOURCE)
    _say(site, "ScalerRole", "IAM5[Resource::*]", _NO_RESOURCE)
    _validated(site, "SecurityGroup", "E1151")


def _say(site: Site, resource: str, rule: str, reason: str) -> None:
    _acknowledge(site, resource, f"AwsSolutions-{rule}", reason)


def _validated(site: Site, resource: str, rule: str) -> None:
    _acknowledge(
        site, resource, f"CloudFormation-Validate::{rule}", "an empty default is never used: a condition asks first"
    )


def _linted(site: Site, resource: str, rule: str) -> None:
    """For the same reason: cfn-lint reads it in the template."""
    site.stack.node.find_child(resource).add_metadata("cfn-lint", {"config": {"ignore_checks": [rule]}})


def _acknowledge(site: Site, resource: str, rule: str, reason: str) -> None:
    told = Acknowledgment(id=rule, reason=reason)
    Validations.of(site.stack.node.find_child(resource)).acknowledge(told)
