"""SQS queues and their subscriptions: the very attributes that `sluice up` sets."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import CfnResource, aws_sns, aws_sqs

from deploy.ecs.keeping import keep
from deploy.ecs.logical import logical
from deploy.ecs.site import Site, queue_id
from worker.aws.resources import Queue, Subscription


def add_queues(site: Site) -> None:
    """Each vendor's queue, its dead letters, and the dead letters of its subscription."""
    for vendor, resources in zip(site.topology.vendors, site.wanted.vendors, strict=True):
        policies = [_add_queue(site, queue) for queue in resources if isinstance(queue, Queue)]
        for subscription in resources:
            if isinstance(subscription, Subscription):
                _add_subscription(site, vendor, subscription, policies)


def _add_queue(site: Site, queue: Queue) -> CfnResource:
    told = {
        "VisibilityTimeout": "30",
        "ReceiveMessageWaitTimeSeconds": "0",
        "RedrivePolicy": "null",
        **queue.attributes,
    }
    made = aws_sqs.CfnQueue(
        site.stack,
        queue_id(site.names, queue.name),
        queue_name=queue.name,
        message_retention_period=int(told["MessageRetentionPeriod"]),
        maximum_message_size=int(told["MaximumMessageSize"]),
        sqs_managed_sse_enabled=told["SqsManagedSseEnabled"] == "true",
        visibility_timeout=int(told["VisibilityTimeout"]),
        receive_message_wait_time_seconds=int(told["ReceiveMessageWaitTimeSeconds"]),
        redrive_policy=json.loads(told["RedrivePolicy"]),
    )
    keep(made)
    policy = json.loads(told["Policy"])
    return aws_sqs.CfnQueuePolicy(site.stack, f"PolicyOf{made.node.id}", queues=[made.ref], policy_document=policy)


def _add_subscription(site: Site, vendor: str, told: Subscription, policies: Sequence[CfnResource]) -> None:
    subscription = aws_sns.CfnSubscription(
        site.stack,
        logical("Subscription", vendor),
        protocol="sqs",
        topic_arn=told.topic_arn,
        endpoint=told.queue_arn,
        raw_message_delivery=told.attributes["RawMessageDelivery"] == "true",
        redrive_policy=json.loads(told.attributes["RedrivePolicy"]),
        filter_policy=json.loads(told.attributes["FilterPolicy"]) or None,
        # Without a filter, too: taken away with it, CloudFormation sets it to null, which SNS refuses.
        filter_policy_scope=told.attributes.get("FilterPolicyScope", "MessageAttributes"),
    )
    for policy in policies:  # a message that comes before them is refused by both queues, and lost
        subscription.add_resource_dependency(policy)
