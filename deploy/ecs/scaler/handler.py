"""The scaler's handler: reads queues and tasks' reports, decides, publishes; with boto3 and `worker.model.scaling`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from worker.model.scaling import Decision, Memory, Terms, Told, decide

_KEPT = 14 * 86_400  # seconds: what is remembered of a pool of which nothing is heard
_AT_ONCE = 1000  # metrics of one PutMetricData


def handler(_event: object, _context: object) -> None:
    """Decide for each pool of $SCALER, publish and log; raises RuntimeError where it could not for one of them.

    Of a pool of which anything could not be read or kept nothing is published: as many tasks as there are run on.
    """
    scaler, now = json.loads(os.environ["SCALER"]), time.time()
    decided: dict[str, dict[str, Decision]] = {}
    failed: dict[str, str] = {}
    for name, pool in scaler["pools"].items():
        try:
            decided[name] = _decided(name, pool, scaler["table"], now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other pools are decided
            failed[name] = f"{type(error).__name__}: {error}"
    _publish(scaler["namespace"], decided)
    told = {name: _told(decisions) for name, decisions in decided.items()}
    print(json.dumps({"event": "scaler.decided", "pools": told, "failed": failed}))  # noqa: T201 - Lambda's log
    if failed:
        raise RuntimeError(f"nothing was published of {', '.join(failed)}")  # counted by the metric Errors


def _decided(name: str, pool: Mapping[str, Any], table: str, now: float) -> dict[str, Decision]:
    memories = _memories(name, table)
    decisions = {
        vendor: decide(
            Terms(**entry["terms"]),
            _visible(entry["queue_url"]),
            _reports(vendor, table, now),
            memories.get(vendor, Memory()),
            now=now,
            max_tasks=pool["max_tasks"],
        )
        for vendor, entry in pool["vendors"].items()
    }
    _keep(name, table, decisions, now)
    return decisions


def _visible(queue_url: str) -> int:
    asked = {"QueueUrl": queue_url, "AttributeNames": ["ApproximateNumberOfMessages"]}
    return int(_client("sqs").get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"])


def _reports(vendor: str, table: str, now: float) -> list[Told]:
    pages = (
        _client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"TASK#{vendor}#"}},
            ConsistentRead=True,
        )
    )
    items = [item for page in pages for item in page["Items"]]
    return [_report(item) for item in items if float(item["expires"]["N"]) > now]  # DynamoDB deletes late


def _report(item: Mapping[str, Mapping[str, str]]) -> Told:
    standing = json.loads(item.get("standing", {"S": "{}"})["S"])
    return Told(
        held=int(item["held"]["N"]),
        sending=int(standing.get("sending", 0)),
        request_seconds=float(item["request_seconds"]["N"]),
        closed=standing.get("closed", ""),
        closed_seconds=float(standing.get("closed_seconds", 0.0)),
    )


def _memories(pool: str, table: str) -> dict[str, Memory]:
    found = _client("dynamodb").get_item(TableName=table, Key=_key(pool), ConsistentRead=True).get("Item")
    kept = json.loads(found["memory"]["S"]) if found else {}
    return {
        vendor: Memory(**{**memory, "decisions": tuple((at, tasks) for at, tasks in memory["decisions"])})
        for vendor, memory in kept.items()
    }


def _keep(pool: str, table: str, decisions: Mapping[str, Decision], now: float) -> None:
    memory = json.dumps({vendor: asdict(decision.memory) for vendor, decision in decisions.items()})
    item = {**_key(pool), "memory": {"S": memory}, "expires": {"N": str(int(now) + _KEPT)}}
    _client("dynamodb").put_item(TableName=table, Item=item)


def _key(pool: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"SCALER#{pool}#"}, "sk": {"S": "-"}}


def _publish(namespace: str, decided: Mapping[str, Mapping[str, Decision]]) -> None:
    data = [datum for pool, decisions in decided.items() for datum in _data(pool, decisions)]
    for start in range(0, len(data), _AT_ONCE):
        _client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data[start : start + _AT_ONCE])


def _data(pool: str, decisions: Mapping[str, Decision]) -> list[dict[str, Any]]:
    most = max(decision.tasks for decision in decisions.values())
    data = [_datum("RequiredTasks", most, "Count", pool=pool)]
    for vendor, decision in decisions.items():
        whose = {"vendor": vendor, "pool": pool}
        data += [
            _datum("RequiredTasks", decision.tasks, "Count", **whose),
            _datum("Backlog", decision.sight.visible + decision.sight.held, "Count", **whose),
            _datum("BacklogSeconds", decision.need.backlog_seconds, "Seconds", **whose),
            _datum("VendorBound", int(decision.need.vendor_bound), "Count", **whose),
        ]
    return data


def _datum(name: str, value: float, unit: str, **dimensions: str) -> dict[str, Any]:
    named = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    return {"MetricName": name, "Dimensions": named, "Value": float(value), "Unit": unit}


def _told(decisions: Mapping[str, Decision]) -> dict[str, Any]:
    vendors = {
        vendor: {
            "tasks": decision.tasks,
            "now": decision.need.tasks,
            "why": decision.need.why,
            "visible": decision.sight.visible,
            "held": decision.sight.held,
            "backlog_seconds": round(decision.need.backlog_seconds, 1),
            "request_seconds": round(decision.sight.request_seconds, 3),
            "vendor_bound": decision.need.vendor_bound,
        }
        for vendor, decision in decisions.items()
    }
    return {"tasks": max(decision.tasks for decision in decisions.values()), "vendors": vendors}


@cache
def _client(service: str) -> Any:
    waits = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client(service, config=waits)
