"""What was done for one vendor is what would be done for another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.privilege.policy import Access
from tests.privilege.renaming import Renaming
from worker.settings import Topology


def topology(name: str, topic: str, **vendors: dict[str, Any]) -> Topology:
    entries = {key.replace("_", "-"): {"adapter": "echo", **told} for key, told in vendors.items()}
    pools: dict[str, dict[str, int]] = {"default": {}, "slow": {}}
    return Topology.model_validate({"sluice": {"name": name, "topic": topic}, "vendors": entries, "pools": pools})


PLAYED = topology("t-1", "messages", one={"secret": "t-1/secret"}, one_more={"secret": "t-1/secret"})
TOLD = topology("shop", "news", crm={"secret": "shop/crm", "pool": "slow"}, erp={})
RENAMING = Renaming(PLAYED, TOLD, "crm")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("arn:aws:sqs:r:1:t-1-one", "arn:aws:sqs:r:1:shop-crm"),
        ("arn:aws:sqs:r:1:t-1-one-more", "arn:aws:sqs:r:1:shop-crm"),
        ("arn:aws:sqs:r:1:t-1-one-more-dlq", "arn:aws:sqs:r:1:shop-crm-dlq"),
        ("arn:aws:sns:r:1:t-1-messages", "arn:aws:sns:r:1:shop-news"),
        ("arn:aws:s3:::t-1-claims-1-r/key", "arn:aws:s3:::shop-claims-1-r/key"),
        ("arn:aws:dynamodb:r:1:table/t-1-state", "arn:aws:dynamodb:r:1:table/shop-state"),
        ("arn:aws:secretsmanager:r:1:secret:t-1/secret-a1B2c3", "arn:aws:secretsmanager:r:1:secret:shop/crm-a1B2c3"),
        ("*", "*"),
    ],
)
def test_resources_are_renamed(before: str, after: str) -> None:
    """Each becomes what it would be called there."""
    assert RENAMING.all([Access("x:Y", before)]) == {Access("x:Y", after)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LEDGER#one#k-1", "LEDGER#crm#k-1"),
        ("LEDGER-SHA256#one-more#00", "LEDGER-SHA256#crm#00"),
        ("LIMIT##account", "LIMIT##account"),
        ("SCALER#default#", "SCALER#slow#"),
        ("Sluice/t-1", "Sluice/shop"),
    ],
)
def test_what_conditions_ask_about_is_renamed(before: str, after: str) -> None:
    """Keys of items, and the namespace."""
    access = Access("x:Y", "*", (("key", (before,)),))
    assert RENAMING.all([access]) == {Access("x:Y", "*", (("key", (after,)),))}
