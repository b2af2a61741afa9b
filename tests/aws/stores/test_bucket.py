from __future__ import annotations

import json
from typing import Any

import pytest

from worker.aws.arns import Place
from worker.aws.resources import Bucket
from worker.aws.stores.bucket import BucketStore

RULE = {"ID": "sluice-claims", "Status": "Enabled", "Expiration": {"Days": 45}}


class S3:
    """The three calls that a read makes; one lifecycle rule is there."""

    def __init__(self, rule: dict[str, Any]) -> None:
        self._rule = rule

    async def head_bucket(self, **_: Any) -> dict[str, Any]:
        return {}

    async def get_public_access_block(self, **_: Any) -> dict[str, Any]:
        return {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}

    async def get_bucket_lifecycle_configuration(self, **_: Any) -> dict[str, Any]:
        return {"Rules": [self._rule]}


async def lifecycle(rule: dict[str, Any]) -> list[dict[str, Any]]:
    live = await BucketStore(S3(rule), Place("123456789012", "eu-west-1")).read(Bucket("b", {}))
    assert live is not None
    found: list[dict[str, Any]] = json.loads(live["Lifecycle"])
    return found


@pytest.mark.parametrize("of_all", [{"Filter": {"Prefix": ""}}, {"Filter": {}}, {}, {"Prefix": ""}])
async def test_a_rule_for_all_objects_is_the_same_in_each_of_its_forms(of_all: dict[str, Any]) -> None:
    """A bucket that a stack has made is as `up` would make it."""
    assert await lifecycle({**RULE, **of_all}) == [{**RULE, "Filter": {"Prefix": ""}}]


@pytest.mark.parametrize("of_some", [{"Filter": {"Prefix": "a/"}}, {"Prefix": "a/"}, {"Filter": {"Tag": {"Key": "k"}}}])
async def test_a_rule_for_some_objects_stays_as_it_is(of_some: dict[str, Any]) -> None:
    """Or a changed bucket would look right."""
    assert await lifecycle({**RULE, **of_some}) == [{**RULE, **of_some}]
