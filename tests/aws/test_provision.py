"""Each kind of resource: compared, made, and put right again, on the embedded AWS."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from worker.aws.arns import Place
from worker.aws.changes import Created, Unchanged, Updated
from worker.aws.provision import Provision
from worker.aws.resources import Bucket, Queue, Resource, Subscription, Table, Topic
from worker.aws.session import Aws
from worker.model.errors import RefusedError

NAME = f"p{uuid4().hex[:10]}"
PLACE = Place("000000000000", "us-east-1")
CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def subscription(**attributes: str) -> Subscription:
    return Subscription(PLACE.topic(f"{NAME}-s"), PLACE.queue(f"{NAME}-s"), attributes)


def lifecycle(days: int) -> str:
    return json.dumps([{"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": days}}])


def table(name: str, **attributes: str) -> Table:
    keys = json.dumps({"pk": "HASH", "sk": "RANGE"})
    return Table(name, {"Keys": keys, "BillingMode": "PAY_PER_REQUEST", "TimeToLive": "expires", **attributes})


@pytest.fixture
async def provision(aws: Aws) -> Provision:
    return await Provision.open(aws, PLACE)


@pytest.mark.parametrize(
    ("before", "after", "attribute"),
    [
        (
            Queue(f"{NAME}-q", {"VisibilityTimeout": "30"}),
            Queue(f"{NAME}-q", {"VisibilityTimeout": "60"}),
            "VisibilityTimeout",
        ),
        (Topic(f"{NAME}-t", {"DisplayName": "a"}), Topic(f"{NAME}-t", {"DisplayName": "b"}), "DisplayName"),
        (
            Bucket(f"{NAME}-b", {"PublicAccessBlock": json.dumps(dict.fromkeys(CLOSED, False))}),
            Bucket(f"{NAME}-b", {"PublicAccessBlock": json.dumps(dict.fromkeys(CLOSED, True))}),
            "PublicAccessBlock",
        ),
        (
            Bucket(f"{NAME}-c", {"Lifecycle": lifecycle(1)}),
            Bucket(f"{NAME}-c", {"Lifecycle": lifecycle(45)}),
            "Lifecycle",
        ),
        (subscription(FilterPolicy='{"a": ["x"]}'), subscription(FilterPolicy='{"a": ["y"]}'), "FilterPolicy"),
        (subscription(FilterPolicy='{"a": ["y"]}'), subscription(FilterPolicy="{}"), "FilterPolicy"),
        (subscription(RawMessageDelivery="false"), subscription(RawMessageDelivery="true"), "RawMessageDelivery"),
    ],
)
async def test_what_is_made_is_found_and_drift_is_put_right(
    provision: Provision, before: Resource, after: Resource, attribute: str
) -> None:
    """Made once, unchanged the second time; another value is one update, and then it is unchanged again."""
    for needed in (Topic(f"{NAME}-s"), Queue(f"{NAME}-s", {})):
        await provision.apply(needed)
    await provision.apply(before)
    assert [type(change) for change in await provision.apply(before)] == [Unchanged]
    [change] = await provision.apply(after)
    assert isinstance(change, Updated)
    assert change.attribute == attribute
    assert [type(change) for change in await provision.compare(after)] == [Unchanged]


async def test_a_table_expires_and_is_on_demand(aws: Aws, provision: Provision) -> None:
    """It is ready when apply returns, and its time to live is put right if somebody turned it off."""
    name = f"{NAME}-table"
    assert [type(change) for change in await provision.apply(table(name))] == [Created]
    dynamodb = await aws.client("dynamodb")
    await dynamodb.put_item(TableName=name, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    await dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
    )
    [change] = await provision.apply(table(name))
    assert isinstance(change, Updated)
    assert (change.attribute, change.before, change.after) == ("TimeToLive", None, "expires")
    assert [type(change) for change in await provision.apply(table(name))] == [Unchanged]


async def test_a_table_with_other_keys_is_refused(aws: Aws, provision: Provision) -> None:
    """It is somebody else's: keys cannot be changed, and deleting is not ours."""
    name = f"{NAME}-foreign"
    await (await aws.client("dynamodb")).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(RefusedError, match="other keys"):
        await provision.apply(table(name))


async def test_a_provisioned_table_becomes_on_demand(aws: Aws, provision: Provision) -> None:
    """Drift of the billing mode is put right."""
    name = f"{NAME}-provisioned"
    await provision.apply(table(name))
    await (await aws.client("dynamodb")).update_table(
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    [change] = await provision.apply(table(name))
    assert isinstance(change, Updated)
    assert change.attribute == "BillingMode"
    assert [type(change) for change in await provision.compare(table(name))] == [Unchanged]


async def test_a_bucket_is_made_in_its_region(aws: Aws) -> None:
    """Every region but the first must be named to S3."""
    provision = await Provision.open(aws, Place("000000000000", "eu-west-1"))
    await provision.apply(Bucket(f"{NAME}-eu", {}))
    found = await (await aws.client("s3")).get_bucket_location(Bucket=f"{NAME}-eu")
    assert found["LocationConstraint"] == "eu-west-1"


async def test_comparing_makes_nothing(provision: Provision) -> None:
    """A dry run may be repeated: nothing is there afterwards."""
    queue = Queue(f"{NAME}-dry", {"VisibilityTimeout": "30"})
    for _ in range(2):
        assert [type(change) for change in await provision.compare(queue)] == [Created]
