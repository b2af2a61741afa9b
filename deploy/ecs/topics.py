"""SNS topics, to which nobody publishes without TLS."""

from __future__ import annotations

from aws_cdk import aws_sns

from deploy.ecs.site import Site, topic_id
from worker.aws.resources import Topic


def add_topics(site: Site) -> None:
    """Every topic of the topology."""
    for topic in site.wanted.shared:
        if isinstance(topic, Topic):
            _add_topic(site, topic)


def _add_topic(site: Site, topic: Topic) -> None:
    made = aws_sns.CfnTopic(site.stack, topic_id(site.names, topic.name), topic_name=topic.name)
    aws_sns.CfnTopicPolicy(
        site.stack,
        f"PolicyOf{made.node.id}",
        topics=[made.ref],
        policy_document={"Version": "2012-10-17", "Statement": [only_tls(made.ref)]},
    )


def only_tls(topic_arn: str) -> dict[str, object]:
    """A statement of a topic's policy."""
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
