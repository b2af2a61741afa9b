from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.stack import POOLS, RESOURCES, VENDORS, of, typed

ALARMS = {
    name: alarm["Properties"]
    for name, alarm in typed("CloudWatch::Alarm").items()
    if not name.startswith("Follow")  # those drive the ladders
}
GOALS = {"foo-primary": 300, "foo-secondary": 1800, "bar": 300}
POOL_OF = {"foo-primary": "default", "foo-secondary": "default", "bar": "bar"}
vendors = pytest.mark.parametrize(("vendor", "name"), VENDORS.items())


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def measured(alarm: dict[str, Any]) -> tuple[str, str, str]:
    return alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_tells_the_alarm_topic_what_to_do(name: str) -> None:
    """When it is raised and when it is over, in its own words; and is called after what it watches."""
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
    assert alarm["ActionsEnabled"] is True
    assert alarm["AlarmName"].startswith("messaging-")
    assert 60 < len(alarm["AlarmDescription"]) <= 1024  # CloudWatch's


@vendors
@pytest.mark.parametrize(("kind", "alarm"), [("dlq", "DeadLetters"), ("undelivered", "Undelivered")])
def test_a_dead_letter_of_either_kind_raises_an_alarm(vendor: str, name: str, kind: str, alarm: str) -> None:
    """One is enough, within a minute."""
    found = ALARMS[f"Watch{name}{alarm}"]
    assert measured(found) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum")
    assert dimensions(found) == {"QueueName": f"messaging-{vendor}-{kind}"}
    assert (found["Threshold"], found["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert (found["Period"], found["EvaluationPeriods"]) == (60, 1)


@vendors
def test_a_message_older_than_the_goal_raises_an_alarm(vendor: str, name: str) -> None:
    """Three minutes in a row, by the vendor's own latency_goal."""
    found = ALARMS[f"Watch{name}Late"]
    assert measured(found) == ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum")
    assert dimensions(found) == {"QueueName": f"messaging-{vendor}"}
    assert (found["Threshold"], found["EvaluationPeriods"]) == (GOALS[vendor], 3)


@vendors
@pytest.mark.parametrize(
    ("alarm", "metric", "statistic"),
    [
        ("Blocked", "VendorBlocked", "Maximum"),
        ("LimiterDegraded", "LimiterDegraded", "Maximum"),
        ("VendorBound", "VendorBound", "Maximum"),
        ("Crashes", "PipelineCrashes", "Sum"),
    ],
)
def test_a_vendor_s_trouble_raises_an_alarm(vendor: str, name: str, alarm: str, metric: str, statistic: str) -> None:
    """As worker and scaler tell it, by vendor and pool; a vendor without tasks has none."""
    found = ALARMS[f"Watch{name}{alarm}"]
    assert measured(found) == ("Sluice/messaging", metric, statistic)
    assert dimensions(found) == {"vendor": vendor, "pool": POOL_OF[vendor]}
    assert (found["Threshold"], found["TreatMissingData"]) == (0, "notBreaching")


def test_a_vendor_at_its_limit_says_to_buy_quota() -> None:
    """More tasks would not help."""
    assert "buy quota" in ALARMS["WatchBarVendorBound"]["AlarmDescription"]


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [
        ("Failed", "NumberOfNotificationsFailed"),
        ("Lost", "NumberOfNotificationsFailedToRedriveToDlq"),
        ("BadAttributes", "NumberOfNotificationsFilteredOut-InvalidAttributes"),
        ("BadBodies", "NumberOfNotificationsFilteredOut-InvalidMessageBody"),
    ],
)
def test_what_sns_does_not_deliver_raises_an_alarm(alarm: str, metric: str) -> None:
    """Of each topic."""
    found = ALARMS[f"WatchOutgoingMessages{alarm}"]
    assert measured(found) == ("AWS/SNS", metric, "Sum")
    assert dimensions(found) == {"TopicName": "messaging-outgoing-messages"}
    assert found["Threshold"] == 0


@pytest.mark.parametrize(("pool", "name", "most"), [("default", "Default", 8), ("bar", "Bar", 4)])
def test_tasks_that_start_again_and_again_raise_an_alarm(pool: str, name: str, most: int) -> None:
    """More within a quarter of an hour than one deploy and one scale-out at max_tasks explain."""
    found = ALARMS[f"Watch{name}Restarts"]
    assert measured(found) == ("Sluice/messaging", "WorkerStarts", "Sum")
    assert dimensions(found) == {"pool": pool}
    assert (found["Threshold"], found["Period"]) == (most, 900)


@pytest.mark.parametrize(("pool", "name"), POOLS.items())
def test_a_silent_scaler_raises_an_alarm(pool: str, name: str) -> None:
    """Five minutes without RequiredTasks; no number of tasks does."""
    found = ALARMS[f"Watch{name}Unscaled"]
    assert measured(found) == ("Sluice/messaging", "RequiredTasks", "Maximum")
    assert dimensions(found) == {"pool": pool}
    assert (found["TreatMissingData"], found["EvaluationPeriods"]) == ("breaching", 5)
    assert found["Threshold"] > 10_000


@pytest.mark.parametrize("name", POOLS.values())
def test_a_new_pool_does_not_begin_with_an_alarm(name: str) -> None:
    """Silence is one, so it is watched only once its service runs: by then the scaler has told of it."""
    assert {"EachMinuteMayCall", f"Follow{name}"} <= set(RESOURCES[f"Watch{name}Unscaled"]["DependsOn"])


def test_a_scaler_that_fails_raises_an_alarm() -> None:
    """By Lambda's own count."""
    found = ALARMS["WatchScalerErrors"]
    assert measured(found) == ("AWS/Lambda", "Errors", "Sum")
    assert dimensions(found) == {"FunctionName": {"Ref": "Scaler"}}


def test_only_cloudwatch_tells_the_alarm_topic() -> None:
    """For this account."""
    statements = of("PolicyOfAlarms")["PolicyDocument"]["Statement"]
    [allow] = [each for each in statements if each["Effect"] == "Allow"]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_alarms_are_mailed_if_an_address_is_given() -> None:
    """By a parameter."""
    assert RESOURCES["AlarmMail"]["Condition"] == "HasEmail"
    assert of("AlarmMail") == {"TopicArn": {"Ref": "Alarms"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}
