"""Provisioning a whole topology on the embedded AWS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from worker.aws.changes import Change, Created, Unchanged, Updated
from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws
from worker.model.errors import RefusedError
from worker.ops.up import up
from worker.settings import Topology

READS = ("Get", "List", "Describe", "Head")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def embedded() -> AsyncIterator[EmbeddedAws]:
    async with EmbeddedAws() as embedded:
        yield embedded


class RecordingAws(Aws):
    """Notes each call that its clients make: botocore tells before it sends."""

    calls: list[str]

    async def client(self, service: str, **of: Any) -> Any:
        client = await super().client(service, **of)
        client.meta.events.register("before-send.*", self._note)
        return client

    def _note(self, event_name: str, **_request: Any) -> None:
        self.calls.append(event_name.rpartition(".")[2])


@pytest.fixture
async def aws(embedded: EmbeddedAws) -> AsyncIterator[RecordingAws]:
    plain = embedded.aws()
    plain.__class__ = RecordingAws
    assert isinstance(plain, RecordingAws)
    plain.calls = []
    async with plain as aws:
        yield aws


@pytest.fixture
def topology() -> Callable[..., Topology]:
    name = f"u{uuid4().hex[:10]}"

    def make(**vendors: dict[str, Any]) -> Topology:
        entries = {vendor: {"adapter": "echo", **settings} for vendor, settings in vendors.items()}
        return Topology.model_validate({"sluice": {"name": name, "bucket": True, "table": True}, "vendors": entries})

    return make


def kinds(changes: list[Change]) -> set[type]:
    return {type(change) for change in changes}


def writes(aws: RecordingAws) -> list[str]:
    return [call for call in aws.calls if not call.startswith(READS)]


async def test_a_second_run_changes_nothing(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """It says so, and calls nothing that writes."""
    made = topology(a={"filter": {"target": ["A"]}}, b={"filter": {"x": {"y": [1]}}, "filter_scope": "body"}, c={})
    assert kinds(await up(made, aws)) == {Created}
    assert writes(aws)
    aws.calls.clear()
    assert kinds(await up(made, aws)) == {Unchanged}
    assert writes(aws) == []
    assert aws.calls


async def test_a_dry_run_writes_nothing(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """It shows what would be made, as a run would."""
    made = topology(a={}, b={})
    shown = await up(made, aws, mode="dry-run")
    assert writes(aws) == []
    assert shown == await up(made, aws)


async def test_drift_is_put_right(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """Whatever somebody changed by hand, of queue, subscription and bucket."""
    made = topology(a={"filter": {"target": ["A"]}})
    name = made.sluice.name
    await up(made, aws)
    sqs, sns, s3 = [await aws.client(service) for service in ("sqs", "sns", "s3")]
    url = (await sqs.get_queue_url(QueueName=f"{name}-a"))["QueueUrl"]
    await sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1", "Policy": ""})
    topic = f"arn:aws:sns:{aws.region}:{await aws.account()}:{name}-messages"
    [found] = (await sns.list_subscriptions_by_topic(TopicArn=topic))["Subscriptions"]
    await sns.set_subscription_attributes(
        SubscriptionArn=found["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    await s3.delete_public_access_block(Bucket=f"{name}-claims-{await aws.account()}-{aws.region}")
    drifted = {change.attribute for change in await up(made, aws) if isinstance(change, Updated)}
    assert drifted == {"VisibilityTimeout", "Policy", "RawMessageDelivery", "PublicAccessBlock"}
    assert kinds(await up(made, aws)) == {Unchanged}


async def test_a_changed_topology_is_followed(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """A filter becomes one of bodies, then goes; a number changes: each is one update, from → to."""
    await up(topology(a={"filter": {"target": ["A"]}}), aws)
    nested = topology(a={"filter": {"x": {"y": ["A"]}}, "filter_scope": "body"})
    changed = [change for change in await up(nested, aws) if isinstance(change, Updated)]
    assert {change.attribute for change in changed} == {"FilterPolicy", "FilterPolicyScope"}
    [gone] = [change for change in await up(topology(a={}), aws) if isinstance(change, Updated)]
    assert (gone.attribute, gone.before, gone.after) == ("FilterPolicy", '{"x": {"y": ["A"]}}', "{}")
    [later] = [change for change in await up(topology(a={"visibility": "2min"}), aws) if isinstance(change, Updated)]
    assert str(later).endswith("-a: VisibilityTimeout 60 → 120")


async def test_what_is_not_in_the_topology_is_not_touched(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """A vendor that left keeps its queue, messages and subscription: deleting is an operator's."""
    await up(topology(a={}, b={}), aws)
    aws.calls.clear()
    changes = await up(topology(a={}), aws)
    assert kinds(changes) == {Unchanged}
    assert not any("-b" in change.name for change in changes)
    sqs = await aws.client("sqs")
    assert (await sqs.get_queue_url(QueueName=f"{topology(a={}).sluice.name}-b"))["QueueUrl"]
    assert writes(aws) == []


async def test_progress_is_told_of_each_change(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """Of the same changes that are returned."""
    told: list[Change] = []
    returned = await up(topology(a={}, b={}), aws, on_change=told.append)
    assert sorted(map(str, told)) == sorted(map(str, returned))


async def test_a_refusal_leaves_the_other_vendors_whole(aws: RecordingAws, topology: Callable[..., Topology]) -> None:
    """AWS refuses one vendor's queue: the others are made, the error says which it was."""
    made = topology(bad={}, good={})
    too_long = made.vendors["bad"].model_copy(update={"visibility": timedelta(hours=13)})  # past any check of ours
    made = made.model_copy(update={"vendors": {**made.vendors, "bad": too_long}})
    with pytest.raises(RefusedError, match=r"CreateQueue on u\w+-bad"):
        await up(made, aws)
    sns = await aws.client("sns")
    topic = f"arn:aws:sns:{aws.region}:{await aws.account()}:{made.sluice.name}-messages"
    subscribed = (await sns.list_subscriptions_by_topic(TopicArn=topic))["Subscriptions"]
    assert [found["Endpoint"].rpartition("-")[2] for found in subscribed] == ["good"]
