from __future__ import annotations

import json
import os
import sys
from types import ModuleType

import pytest

from deploy.ecs.reading import read
from deploy.ecs.scaler.configuration import scaler_configuration
from deploy.ecs.scaler.source import inline_source
from tests.deploy.stack import EXAMPLE, POOLS, STACK, arn, of, typed
from tests.privilege.template import Template
from worker.model.ladder import ladder

TASKS = {"Default": 4, "Bar": 2}
pools = pytest.mark.parametrize(("pool", "name"), POOLS.items())


@pools
def test_a_service_may_have_no_task_and_at_most_max_tasks(pool: str, name: str) -> None:
    """As its pool says."""
    target = of(f"Capacity{name}")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, TASKS[name])
    assert target["ScalableDimension"] == "ecs:service:DesiredCount"
    service = {"Fn::GetAtt": [f"Service{name}", "Name"]}
    assert target["ResourceId"] == {"Fn::Join": ["", ["service/", {"Ref": "Cluster"}, "/", service]]}
    assert of(f"Service{name}")["ServiceName"] == pool


@pytest.mark.parametrize("name", POOLS.values())
def test_a_service_follows_one_ladder_of_exact_capacities(name: str) -> None:
    """The very ladder of worker.model.ladder; Application Auto Scaling takes twenty steps."""
    policy = of(f"Ladder{name}")["StepScalingPolicyConfiguration"]
    assert policy["AdjustmentType"] == "ExactCapacity"
    assert policy["Cooldown"] == 60
    steps = [
        (step["MetricIntervalLowerBound"], step.get("MetricIntervalUpperBound"), step["ScalingAdjustment"])
        for step in policy["StepAdjustments"]
    ]
    assert steps == [(step.lower, step.upper, step.capacity) for step in ladder(TASKS[name]).steps]
    assert len(steps) <= 20


@pools
def test_the_ladder_is_climbed_by_what_the_scaler_says(pool: str, name: str) -> None:
    """Each datapoint breaches, zero too; silence changes nothing."""
    alarm = of(f"Follow{name}")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "Sluice/messaging",
        "RequiredTasks",
        "Maximum",
    )
    assert alarm["Dimensions"] == [{"Name": "pool", "Value": pool}]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["Threshold"] == ladder(TASKS[name]).threshold < 0
    assert alarm["TreatMissingData"] == "missing"
    assert alarm["AlarmActions"] == [{"Ref": f"Ladder{name}"}]


def test_the_scaler_is_inline_on_arm() -> None:
    """No asset: its code stands in the template, the very code that the tests try."""
    scaler = of("Scaler")
    assert scaler["Architectures"] == ["arm64"]
    assert (scaler["Runtime"], scaler["Handler"]) == ("python3.13", "index.handler")
    assert set(scaler["Code"]) == {"ZipFile"}
    assert source().startswith(inline_source()), "run: python -m deploy.ecs"
    assert scaler["Role"] == arn("ScalerRole")


def test_the_scaler_knows_the_topology(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the queues' URLs, as references; by its code, for variables of a function have 4 KB together."""
    topology, _ = read(EXAMPLE / "sluice.toml")
    monkeypatch.setenv("SCALER", "")
    index = ModuleType("index")
    monkeypatch.setitem(sys.modules, "index", index)
    exec(compile(source(), "index.py", "exec"), index.__dict__)
    queues = {vendor: f"messaging-{vendor}" for vendor in topology.vendors}  # the URLs stand there by their last part
    assert json.loads(os.environ["SCALER"]) == scaler_configuration(topology, queues)
    assert "Environment" not in of("Scaler")


def source() -> str:
    return str(Template(STACK, account="123456789012", region="eu-west-1").resolve(of("Scaler")["Code"]["ZipFile"]))


def test_the_scaler_is_called_each_minute_one_at_a_time() -> None:
    """It ends before the next call, and is not called again for one that failed.

    Concurrency is reserved for it where that is asked for: a new account has none, and the deployment would fail.
    """
    assert of("EachMinute")["ScheduleExpression"] == "rate(1 minute)"
    assert [target["Arn"] for target in of("EachMinute")["Targets"]] == [arn("Scaler")]
    assert of("Scaler")["Timeout"] < 60
    assert of("ScalerTries")["MaximumRetryAttempts"] == 0
    assert of("Scaler")["ReservedConcurrentExecutions"] == {"Fn::If": ["ReservesScaler", 1, {"Ref": "AWS::NoValue"}]}
    assert STACK["Parameters"]["ReserveScaler"]["Default"] == "no"


def test_only_its_rule_may_call_the_scaler() -> None:
    """EventBridge, by the rule's ARN."""
    [permission] = typed("Lambda::Permission").values()
    assert permission["Properties"]["Principal"] == "events.amazonaws.com"
    assert permission["Properties"]["SourceArn"] == arn("EachMinute")


def test_the_scaler_logs_where_the_workers_do() -> None:
    """Its own log group would keep everything for ever."""
    assert of("Scaler")["LoggingConfig"] == {"LogGroup": {"Ref": "Logs"}}
    assert list(typed("Logs::LogGroup")) == ["Logs"]
