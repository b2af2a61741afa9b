"""Where alarms go: a topic, and a mail address if one is given."""

from __future__ import annotations

from aws_cdk import Aws, aws_sns

from deploy.ecs.parameters import Parameters
from deploy.ecs.policies import document
from deploy.ecs.site import ALARM_TOPIC, Site
from deploy.ecs.topics import only_tls


def add_alarm_topic(site: Site, parameters: Parameters) -> None:
    """Make it; CloudWatch alone publishes there."""
    topic = aws_sns.CfnTopic(site.stack, ALARM_TOPIC)
    alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.ref,
        "Condition": {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    }
    aws_sns.CfnTopicPolicy(
        site.stack,
        f"PolicyOf{ALARM_TOPIC}",
        topics=[topic.ref],
        policy_document=document([alarms, only_tls(topic.ref)]),
    )
    mail = aws_sns.CfnSubscription(
        site.stack,
        "AlarmMail",
        topic_arn=topic.ref,
        protocol="email",
        endpoint=parameters.email.value_as_string,
    )
    mail.cfn_options.condition = parameters.has_email
