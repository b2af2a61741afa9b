"""What SNS wants of subscriptions that the embedded AWS does not: pages, and an order."""

from __future__ import annotations

from typing import Any

import pytest

from worker.aws.resources import Subscription
from worker.aws.stores.subscription import SubscriptionStore

TOPIC, QUEUE = "arn:aws:sns:eu-west-1:1:t", "arn:aws:sqs:eu-west-1:1:q"


class PagedSns:
    """The client of an SNS whose topic has many subscriptions, a few to a page."""

    def __init__(self, *pages: list[str]) -> None:
        self.pages = pages
        self.set: list[str] = []

    async def list_subscriptions_by_topic(self, **asked: Any) -> dict[str, Any]:
        number = int(asked.get("NextToken", 0))
        found = [{"Endpoint": queue, "SubscriptionArn": f"s-{queue}"} for queue in self.pages[number]]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"Subscriptions": found, **more}

    async def get_subscription_attributes(self, **asked: Any) -> dict[str, Any]:
        return {"Attributes": {"SubscriptionArn": asked["SubscriptionArn"]}}

    async def set_subscription_attributes(self, **asked: Any) -> None:
        self.set.append(asked["AttributeName"])


async def test_a_subscription_beyond_the_first_page_is_found() -> None:
    """SNS lists a hundred at a time."""
    store = SubscriptionStore(PagedSns(["a", "b"], ["c"], [QUEUE]))
    assert await store.read(Subscription(TOPIC, QUEUE, {})) == {"SubscriptionArn": f"s-{QUEUE}"}


async def test_one_that_is_on_no_page_is_not_there() -> None:
    """The last page ends the search."""
    assert await SubscriptionStore(PagedSns(["a"], ["b"])).read(Subscription(TOPIC, QUEUE, {})) is None


@pytest.mark.parametrize(
    ("scope", "order"),
    [
        ("MessageBody", ["FilterPolicyScope", "FilterPolicy"]),
        ("MessageAttributes", ["FilterPolicy", "FilterPolicyScope"]),
    ],
)
@pytest.mark.parametrize("given", [("FilterPolicyScope", "FilterPolicy"), ("FilterPolicy", "FilterPolicyScope")])
async def test_a_nested_filter_never_stands_under_the_scope_of_attributes(
    scope: str, order: list[str], given: tuple[str, str]
) -> None:
    """SNS refuses a nested policy there: the scope opens before the policy comes, and closes after it went."""
    sns = PagedSns([QUEUE])
    values = {"FilterPolicy": '{"a": ["x"]}', "FilterPolicyScope": scope}
    await SubscriptionStore(sns).update(Subscription(TOPIC, QUEUE, {}), {name: values[name] for name in given})
    assert sns.set == order
