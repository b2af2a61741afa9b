"""The state table."""

from __future__ import annotations

import json

from aws_cdk import aws_dynamodb

from deploy.ecs.keeping import keep
from deploy.ecs.site import Site
from worker.aws.resources import Table

TABLE = "StateTable"


def add_table(site: Site) -> None:
    """As `sluice up` makes it, and restorable to any second of the last 35 days."""
    for table in site.wanted.shared:
        if isinstance(table, Table):
            _add_table(site, table)


def _add_table(site: Site, table: Table) -> None:
    keys: dict[str, str] = json.loads(table.attributes["Keys"])
    keep(
        aws_dynamodb.CfnTable(
            site.stack,
            TABLE,
            table_name=table.name,
            billing_mode=table.attributes["BillingMode"],
            attribute_definitions=[
                aws_dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
                for name in keys
            ],
            key_schema=[
                aws_dynamodb.CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind)
                for name, kind in keys.items()
            ],
            time_to_live_specification=aws_dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                attribute_name=table.attributes["TimeToLive"], enabled=True
            ),
            point_in_time_recovery_specification=aws_dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
        )
    )
