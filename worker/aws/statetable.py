"""The state table: one DynamoDB table for all that tasks share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self, TypeVar

from botocore.exceptions import ClientError

from worker.aws.errors import code_of, wrapped
from worker.aws.items import Item, ItemKey, Value, decoded_item, encoded, encoded_item, encoded_key
from worker.aws.session import Aws
from worker.model.errors import UnavailableError
from worker.ports import Clock

_CONNECT = timedelta(seconds=1)
_READ = timedelta(seconds=2)
_CONNECTIONS = 20
_GETS = 100  # DynamoDB's limits of a batch
_PUTS = 25
_PATIENCE = 2.0  # seconds for the entries of a batch that DynamoDB has left undone: less than who asks waits
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_FREE = "attribute_not_exists(pk) OR expires <= :now"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an item, and only if the condition holds of what stands; `names`: of attributes, by `#token`."""

    update: str
    condition: str
    values: Mapping[str, Value] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """The item, as it now is."""

    item: Item


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The condition does not hold of the item, expired or not; None: there is none."""

    item: Item | None


@dataclass(frozen=True, slots=True)
class StateTable:
    """Items by key, as `up` provisions the table; an item that has expired is as good as not there.

    Each method raises UnavailableError (try again; nothing is tried twice here but what a batch left undone) or
    RefusedError. After UnavailableError a write may have happened.
    """

    client: Any
    name: str
    clock: Clock

    @classmethod
    async def open(cls, aws: Aws, name: str, clock: Clock) -> Self:
        """Open the client; `aws` closes it. The table is not looked for until it is used."""
        client = await aws.client("dynamodb", pool=_CONNECTIONS, connect_timeout=_CONNECT, read_timeout=_READ)
        return cls(client, name, clock)

    async def get_many(self, keys: Sequence[ItemKey]) -> Mapping[ItemKey, Item]:
        """Those of the keys that have a live item, as the last write left them."""
        found: list[Mapping[str, Any]] = []
        for chunk in _chunks(list(dict.fromkeys(keys)), _GETS):  # DynamoDB refuses a batch that names one key twice
            pending = {"Keys": [encoded_key(key) for key in chunk], "ConsistentRead": True}
            replies = await self._batch("BatchGetItem", self.client.batch_get_item, "UnprocessedKeys", pending)
            found += [attributes for reply in replies for attributes in reply["Responses"].get(self.name, ())]
        return {item.key: item for item in self._live(found)}

    async def put_many(self, items: Sequence[Item]) -> None:
        """Write items, whatever stands there; of two with one key the later counts."""
        for chunk in _chunks(list({item.key: item for item in items}.values()), _PUTS):
            pending = [{"PutRequest": {"Item": encoded_item(item)}} for item in chunk]
            await self._batch("BatchWriteItem", self.client.batch_write_item, "UnprocessedItems", pending)

    async def put_where_free(self, item: Item, *, or_if: str, values: Mapping[str, Value]) -> Item | None:
        """Write an item where no live one stands, or where the condition `or_if` holds of it; returns what hinders."""
        with wrapped("PutItem", self.name):
            try:
                await self.client.put_item(
                    TableName=self.name,
                    Item=encoded_item(item),
                    ConditionExpression=f"{_FREE} OR {or_if}",
                    ExpressionAttributeValues=encoded({**values, ":now": self.clock.now().timestamp()}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return decoded_item(error.response["Item"])
        return None

    async def update(self, key: ItemKey, expression: str, values: Mapping[str, Value]) -> Item | None:
        """Change or make one item in one step; returns what it was before, expired or not."""
        with wrapped("UpdateItem", self.name):
            reply = await self.client.update_item(
                TableName=self.name,
                Key=encoded_key(key),
                UpdateExpression=expression,
                ExpressionAttributeValues=encoded(values),
                ReturnValues="ALL_OLD",
            )
        return decoded_item(reply["Attributes"]) if reply.get("Attributes") else None

    async def change(self, key: ItemKey, change: Change) -> Changed | Unchanged:
        """Change or make one item in one step, where its condition holds."""
        # DynamoDB takes no empty ones.
        tokens = {"ExpressionAttributeNames": dict(change.names)} if change.names else {}
        with wrapped("UpdateItem", self.name):
            try:
                reply = await self.client.update_item(
                    TableName=self.name,
                    Key=encoded_key(key),
                    UpdateExpression=change.update,
                    ConditionExpression=change.condition,
                    ExpressionAttributeValues=encoded(change.values),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **tokens,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                standing = error.response.get("Item")
                return Unchanged(decoded_item(standing) if standing else None)
        return Changed(decoded_item(reply["Attributes"]))

    async def delete(self, key: ItemKey) -> None:
        """Delete an item; that there is none is no error."""
        with wrapped("DeleteItem", self.name):
            await self.client.delete_item(TableName=self.name, Key=encoded_key(key))

    async def query(self, pk: str) -> Sequence[Item]:
        """All live items that share `pk`, by `sk`, as the last write left them."""
        found: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            with wrapped("Query", self.name):
                reply = await self.client.query(
                    TableName=self.name,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues=encoded({":pk": pk}),
                    ConsistentRead=True,
                    **start,
                )
            found += reply["Items"]
            if not reply.get("LastEvaluatedKey"):
                return self._live(found)
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}

    def _live(self, found: Sequence[Mapping[str, Any]]) -> list[Item]:
        now = self.clock.now()  # DynamoDB deletes late
        return [item for item in map(decoded_item, found) if item.live(now)]

    async def _batch(
        self, operation: str, method: Callable[..., Any], undone: str, pending: Any
    ) -> Sequence[Mapping[str, Any]]:
        replies: list[Mapping[str, Any]] = []
        deadline = self.clock.monotonic() + _PATIENCE
        pauses = _pauses()
        while pending:
            with wrapped(operation, self.name):
                replies.append(await method(RequestItems={self.name: pending}))
            if pending := replies[-1].get(undone, {}).get(self.name):
                pause = next(pauses)
                if self.clock.monotonic() + pause > deadline:
                    raise UnavailableError(f"{operation} on {self.name}: DynamoDB left entries undone", code=undone)
                await asyncio.sleep(pause)
        return replies


def _pauses() -> Iterator[float]:
    return (min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries) for tries in itertools.count())


def _chunks(entries: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
