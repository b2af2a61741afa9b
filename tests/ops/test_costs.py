"""The month's bill: each line is a quantity times a price of one dated file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from worker.model.errors import ConfigurationError
from worker.ops.costs import Cost, costs
from worker.ops.prices import Prices
from worker.settings import Topology, load

PRICES = Prices.load()
MESSAGES = 2_628_000  # of a month, at one a second
REPOSITORY = Path(__file__).parents[2]


def bill(tasks: int = 0, coming: float = 0.0, *, busy: bool = False, **entry: Any) -> dict[str, Cost]:
    topology = Topology.model_validate(
        {
            "sluice": {"name": "m", "table": True},
            "vendors": {"foo": {"adapter": "echo", "dedup": "off", **entry}},
            "pools": {"default": {"max_tasks": 9}},
        }
    )
    ours = costs(topology, PRICES, tasks={"default": tasks}, sent={"foo": coming}, busy=["foo"] if busy else [])
    return {cost.name: cost for cost in ours}


def test_idle_there_is_no_task_and_no_message() -> None:
    """Only what stands by itself, and the scaler."""
    lines = bill()
    assert {name for name, cost in lines.items() if not cost.idle} == {
        "Fargate, on demand",
        "Fargate, Spot",
        "SNS publishes",
        "CloudWatch logs",
        "NAT data",
        "Secrets Manager",
    }
    assert all(cost.idle == cost.load for cost in lines.values())


def test_the_first_task_is_on_demand_and_the_others_spot() -> None:
    """730 hours of a quarter of a core and half a gigabyte."""
    lines = bill(tasks=3, coming=1.0)
    hour = 0.25 * PRICES.fargate.vcpu_hour + 0.5 * PRICES.fargate.gb_hour
    assert lines["Fargate, on demand"].load == pytest.approx(730 * hour)
    assert lines["Fargate, Spot"].load == pytest.approx(2 * 730 * hour * PRICES.fargate.spot_share)


@pytest.mark.parametrize(
    ("rate", "busy", "calls"),
    [
        (1.0, False, 2.0),  # received and deleted as they come
        (8.0, False, 1.25),  # deletes wait half a second for each other: four together
        (100.0, False, 1.1),
        (100.0, True, 0.22),
    ],
)
def test_sqs_calls_fall_as_messages_come_together(rate: float, busy: bool, calls: float) -> None:
    """Beside the scaler's look at the queue each minute."""
    requests = calls * rate * MESSAGES + 43_800
    assert bill(1, rate, busy=busy)["SQS requests"].load == pytest.approx(requests * 0.4e-6)


@pytest.mark.parametrize(
    ("entry", "busy", "writes"),
    [
        ({}, False, 0.0),
        ({"rate": "80/s", "share": "fleet"}, False, 1.0),
        ({"rate": "80/s", "share": "fleet"}, True, 0.2),
        ({"dedup": None}, False, 0.0),  # echo takes idempotency keys
        ({"dedup": None, "adapter": "http", "options": {"url": "https://x.example"}}, False, 1.0),
        ({"dedup": "redelivery"}, False, 1.0),
        ({"dedup": "strict"}, False, 2.0),
    ],
)
def test_the_table_is_written_for_limits_and_the_ledger(entry: dict[str, Any], busy: bool, writes: float) -> None:
    """Beside a report each 15 s and what the scaler keeps each minute."""
    written = writes * 10 * MESSAGES + 175_200 + 43_800
    assert bill(1, 10.0, busy=busy, **entry)["DynamoDB writes"].load == pytest.approx(written * 0.625e-6)


def test_metrics_of_workers_are_paid_while_tasks_run() -> None:
    """Four of the scaler's for a vendor and one for its pool; 17 and one of the tasks'."""
    lines = bill(tasks=1, coming=1.0)
    assert lines["CloudWatch metrics"].idle == pytest.approx(5 * 0.30)
    assert lines["CloudWatch metrics"].load == pytest.approx(23 * 0.30)


def test_alarms_are_those_of_the_template() -> None:
    """Counted in the one that is committed."""
    folder = REPOSITORY / "examples/outbound-messaging"
    made = json.loads((folder / "stack.json").read_text())["Resources"].values()
    alarms = sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in made)
    lines = costs(load(folder / "sluice.toml", environ={}), PRICES, tasks={}, sent={}, busy=[])
    [line] = [cost for cost in lines if cost.name == "CloudWatch alarms"]
    assert line.how == f"{alarms} × 0.1"


def test_a_secret_is_paid_once() -> None:
    """However many vendors use it."""
    assert bill(secret="s")["Secrets Manager"].idle == pytest.approx(0.40)


def test_prices_have_a_date_a_region_and_a_source() -> None:
    """So that they can be looked up again."""
    assert (PRICES.region, len(PRICES.date.split("-")), bool(PRICES.source)) == ("us-east-1", 3, True)


def test_other_prices_may_be_given(tmp_path: Path) -> None:
    """In a file of the same form."""
    ours = (REPOSITORY / "worker/ops/prices.toml").read_text()
    file = tmp_path / "prices.toml"
    file.write_text(ours.replace("million_publishes = 0.50", "million_publishes = 0.75"))
    assert Prices.load(file).sns.million_publishes == 0.75


@pytest.mark.parametrize(
    ("text", "words"),
    [("x = [", "TOML"), ('date = "2026"', "fargate: Field required"), ("[fargat]", "fargat: Extra inputs")],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    """The file and the key."""
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=words) as raised:
        Prices.load(file)
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As any other."""
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        Prices.load(tmp_path / "none.toml")
