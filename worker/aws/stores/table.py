"""DynamoDB tables: read, made, set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from worker.aws.changes import Live
from worker.aws.errors import wrapped
from worker.aws.resources import Table
from worker.aws.stores.presence import found
from worker.model.errors import RefusedError


class TableStore:
    """DynamoDB tables."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    async def read(self, table: Table) -> Live:
        """Its attributes; None: it is not there."""
        reply = await found("DescribeTable", self._dynamodb.describe_table, TableName=table.name)
        if reply is None:
            return None
        description = reply["Table"]
        with wrapped("DescribeTimeToLive", table.name):
            expiry = (await self._dynamodb.describe_time_to_live(TableName=table.name))["TimeToLiveDescription"]
        live = {
            "Keys": json.dumps({key["AttributeName"]: key["KeyType"] for key in description["KeySchema"]}),
            "BillingMode": description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        }
        if expiry["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}:
            live["TimeToLive"] = expiry["AttributeName"]
        return live

    async def create(self, table: Table) -> None:
        """Make it and wait until it can be used."""
        keys = json.loads(table.attributes["Keys"])
        with wrapped("CreateTable", table.name):
            await self._dynamodb.create_table(
                TableName=table.name,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
                BillingMode=table.attributes["BillingMode"],
            )
        await self._ready(table)
        await self._expire(table, table.attributes["TimeToLive"])

    async def update(self, table: Table, attributes: Mapping[str, str]) -> None:
        """Set billing mode or time to live; raises RefusedError for other keys, which DynamoDB cannot change."""
        if "Keys" in attributes:
            raise RefusedError(
                f"table {table.name} exists with other keys than {attributes['Keys']}: "
                "it is not Sluice's; choose another `[sluice] name`, or delete it"
            )
        if "BillingMode" in attributes:
            with wrapped("UpdateTable", table.name):
                await self._dynamodb.update_table(TableName=table.name, BillingMode=attributes["BillingMode"])
            await self._ready(table)
        if "TimeToLive" in attributes:
            await self._expire(table, attributes["TimeToLive"])

    async def _ready(self, table: Table) -> None:
        with wrapped("DescribeTable", table.name):
            await self._dynamodb.get_waiter("table_exists").wait(
                TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    async def _expire(self, table: Table, attribute: str) -> None:
        with wrapped("UpdateTimeToLive", table.name):
            await self._dynamodb.update_time_to_live(
                TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
            )
