"""Subscriptions of queues to topics: read, made, set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.aws.changes import Live
from worker.aws.errors import wrapped
from worker.aws.resources import Subscription
from worker.aws.stores.presence import found


class SubscriptionStore:
    """Subscriptions of queues to topics."""

    def __init__(self, sns: Any) -> None:
        self._sns = sns

    async def read(self, subscription: Subscription) -> Live:
        """Its attributes; None: it is not there."""
        arn = await self._find(subscription)
        if arn is None:
            return None
        reply = await found("GetSubscriptionAttributes", self._sns.get_subscription_attributes, SubscriptionArn=arn)
        return None if reply is None else dict(reply["Attributes"])

    async def create(self, subscription: Subscription) -> None:
        """Make it."""
        with wrapped("Subscribe", subscription.name):
            await self._sns.subscribe(
                TopicArn=subscription.topic_arn,
                Protocol="sqs",
                Endpoint=subscription.queue_arn,
                Attributes=dict(subscription.attributes),
                ReturnSubscriptionArn=True,
            )

    async def update(self, subscription: Subscription, attributes: Mapping[str, str]) -> None:
        """Set attributes, one a call as SNS wants it."""
        arn = await self._find(subscription)
        for name, value in _in_order(attributes):
            with wrapped("SetSubscriptionAttributes", subscription.name):
                await self._sns.set_subscription_attributes(
                    SubscriptionArn=arn, AttributeName=name, AttributeValue=value
                )

    async def _find(self, subscription: Subscription) -> str | None:
        token: dict[str, str] = {}
        while True:  # a hundred a page
            page = await found(
                "ListSubscriptionsByTopic",
                self._sns.list_subscriptions_by_topic,
                TopicArn=subscription.topic_arn,
                **token,
            )
            for listed in [] if page is None else page["Subscriptions"]:
                if listed["Endpoint"] == subscription.queue_arn:
                    return str(listed["SubscriptionArn"])
            if page is None or not page.get("NextToken"):
                return None
            token = {"NextToken": page["NextToken"]}


def _in_order(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    # A nested filter policy is valid for bodies only: the scope opens before the policy comes and closes after it.
    to_body = attributes.get("FilterPolicyScope") == "MessageBody"
    first = ("FilterPolicyScope", "FilterPolicy") if to_body else ("FilterPolicy", "FilterPolicyScope")
    return sorted(attributes.items(), key=lambda item: first.index(item[0]) if item[0] in first else -1)
