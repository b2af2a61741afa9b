"""What DynamoDB leaves undone is asked for again; pages are one list; errors are ours."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.clock import LoopClock
from tests.fakes.dynamodb import Answer, ScriptedDynamoDb
from tests.fakes.loop import virtual_time
from worker.aws.items import Item, ItemKey, encoded_item, encoded_key
from worker.aws.statetable import Change, StateTable
from worker.model.errors import AwsError, RefusedError, UnavailableError

FAR = 4_000_000_000
ITEMS = [Item(ItemKey("KIND#foo#", f"={number}"), FAR, {"count": number}) for number in range(3)]
KEYS = [item.key for item in ITEMS]
PUTS = [{"PutRequest": {"Item": encoded_item(item)}} for item in ITEMS]


def table(*answers: Answer) -> tuple[StateTable, ScriptedDynamoDb]:
    client = ScriptedDynamoDb(answers)
    return StateTable(client, "state", LoopClock()), client


def found(*items: Item, undone: int = 0) -> Answer:
    unprocessed = {"state": {"Keys": [encoded_key(key) for key in KEYS[-undone:]]}} if undone else {}
    return {"Responses": {"state": [encoded_item(item) for item in items]}, "UnprocessedKeys": unprocessed}


@virtual_time
async def test_keys_that_were_left_undone_are_asked_for_again() -> None:
    """Only they, until all are there."""
    state, client = table(found(ITEMS[0], undone=2), found(ITEMS[1], undone=1), found(ITEMS[2]))
    assert await state.get_many(KEYS) == {item.key: item for item in ITEMS}
    assert [len(asked["RequestItems"]["state"]["Keys"]) for _, asked in client.asked] == [3, 2, 1]


@virtual_time
async def test_writes_that_were_left_undone_are_made_again() -> None:
    """Only they."""
    state, client = table({"UnprocessedItems": {"state": PUTS[1:]}}, {"UnprocessedItems": {}})
    await state.put_many(ITEMS)
    assert [asked["RequestItems"]["state"] for _, asked in client.asked] == [PUTS, PUTS[1:]]


@virtual_time
async def test_what_stays_undone_is_unavailable_within_seconds() -> None:
    """Before those who ask lose their patience: two seconds at most, some six tries."""
    state, client = table({"UnprocessedItems": {"state": PUTS}})
    began = state.clock.monotonic()
    with pytest.raises(UnavailableError, match="BatchWriteItem on state") as raised:
        await state.put_many(ITEMS)
    assert raised.value.code == "UnprocessedItems"
    assert 1 <= state.clock.monotonic() - began <= 2
    assert 5 <= len(client.asked) <= 10


@virtual_time
async def test_pages_are_read_to_the_end() -> None:
    """DynamoDB answers with at most 1 MB; one item has expired and is not told."""
    old = Item(ItemKey("KIND#foo#", "=old"), 1, {})
    page = {"Items": [encoded_item(ITEMS[0]), encoded_item(old)], "LastEvaluatedKey": encoded_key(old.key)}
    state, client = table(page, {"Items": [encoded_item(ITEMS[1])]})
    assert await state.query("KIND#foo#") == ITEMS[:2]
    assert client.asked[1][1]["ExclusiveStartKey"] == encoded_key(old.key)


@pytest.mark.parametrize(
    ("raised", "expected", "code"),
    [
        (ReadTimeoutError(endpoint_url="x"), UnavailableError, "ReadTimeoutError"),
        (
            ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "x"),
            UnavailableError,
            "ProvisionedThroughputExceededException",
        ),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "x"), RefusedError, "AccessDeniedException"),
    ],
)
@virtual_time
async def test_errors_are_told_by_what_they_cause(raised: Exception, expected: type[AwsError], code: str) -> None:
    """Try again, or an operator must act; each call names the table and is made once."""
    state, client = table(raised)
    calls = [
        state.get_many(KEYS),
        state.put_many(ITEMS),
        state.put_where_free(ITEMS[0], or_if="count = :one", values={":one": 1}),
        state.update(KEYS[0], "ADD count :one", {":one": 1}),
        state.change(KEYS[0], Change("ADD count :one", "attribute_exists(pk)", {":one": 1})),
        state.delete(KEYS[0]),
        state.query("KIND#foo#"),
    ]
    for call in calls:
        with pytest.raises(expected, match="on state") as error:
            await call
        assert error.value.code == code
    assert len(client.asked) == len(calls)
