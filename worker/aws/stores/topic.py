"""SNS topics: read, made, set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.aws.arns import Place
from worker.aws.changes import Live
from worker.aws.errors import wrapped
from worker.aws.resources import Topic
from worker.aws.stores.presence import found


class TopicStore:
    """SNS topics."""

    def __init__(self, sns: Any, place: Place) -> None:
        self._sns = sns
        self._place = place

    async def read(self, topic: Topic) -> Live:
        """Its attributes; None: it is not there."""
        reply = await found(
            "GetTopicAttributes", self._sns.get_topic_attributes, TopicArn=self._place.topic(topic.name)
        )
        return None if reply is None else dict(reply["Attributes"])

    async def create(self, topic: Topic) -> None:
        """Make it."""
        with wrapped("CreateTopic", topic.name):
            await self._sns.create_topic(Name=topic.name, Attributes=dict(topic.attributes))

    async def update(self, topic: Topic, attributes: Mapping[str, str]) -> None:
        """Set attributes, one a call as SNS wants it."""
        for name, value in attributes.items():
            with wrapped("SetTopicAttributes", topic.name):
                await self._sns.set_topic_attributes(
                    TopicArn=self._place.topic(topic.name), AttributeName=name, AttributeValue=value
                )
