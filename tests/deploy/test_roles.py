from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deploy.stack import RESOURCES, STACK, arn, of, typed

ROLES = ("ConsumerRoleDefault", "ConsumerRoleBar", "ExecutionRole", "ScalerRole")
EVERYWHERE = {  # what may be done to every resource: the action knows none
    ("ExecutionRole", "ecr:GetAuthorizationToken"),
    ("ScalerRole", "cloudwatch:PutMetricData"),
}
PLACE = {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}


def statements(name: str) -> dict[str, dict[str, Any]]:
    """Those of a role or managed policy, by their Sid."""
    properties = of(name)
    documents = [each["PolicyDocument"] for each in properties.get("Policies", ())] or [properties["PolicyDocument"]]
    return {each["Sid"]: each for document in documents for each in document["Statement"]}


def test_each_does_its_own_and_has_a_role_for_it() -> None:
    """Workers by pool, the ECS agent, the scaler; and a policy for whoever publishes."""
    assert sorted(typed("IAM::Role")) == sorted(ROLES)
    assert list(typed("IAM::ManagedPolicy")) == ["ProducerPolicy"]
    assert typed("IAM::Policy") == {}


@pytest.mark.parametrize("name", [*ROLES, "ProducerPolicy"])
def test_no_action_has_a_star_and_nobody_else_s_policy_is_attached(name: str) -> None:
    """What is allowed is written out."""
    assert all("*" not in action for each in statements(name).values() for action in each["Action"])
    assert all(each["Effect"] == "Allow" and "NotAction" not in each for each in statements(name).values())
    assert "ManagedPolicyArns" not in of(name)


def test_few_actions_go_everywhere() -> None:
    """Those that AWS knows no resources for."""
    found = {
        (name, action)
        for name in (*ROLES, "ProducerPolicy")
        for each in statements(name).values()
        if "*" in each["Resource"]
        for action in each["Action"]
    }
    assert found == EVERYWHERE


@pytest.mark.parametrize("name", ["ConsumerRoleDefault", "ConsumerRoleBar"])
def test_only_tasks_of_this_account_take_a_task_s_role(name: str) -> None:
    """ECS acts for nobody else by it."""
    [who] = of(name)["AssumeRolePolicyDocument"]["Statement"]
    assert who["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert who["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = ["arn:", {"Ref": "AWS::Partition"}, ":ecs:", *PLACE, ":*"]
    assert who["Condition"]["ArnLike"] == {"aws:SourceArn": {"Fn::Join": ["", source]}}


@pytest.mark.parametrize(
    ("role", "vendors"), [("ConsumerRoleDefault", ["FooPrimary", "FooSecondary"]), ("ConsumerRoleBar", ["Bar"])]
)
def test_a_worker_receives_from_its_pool_s_queues_only(role: str, vendors: list[str]) -> None:
    """And sends to their dead letters, from which it cannot take anything."""
    found = statements(role)
    assert found["Receive"]["Resource"] == [arn(f"Queue{vendor}") for vendor in vendors]
    assert found["Bury"]["Resource"] == [arn(f"Queue{vendor}Dlq") for vendor in vendors]
    assert found["Bury"]["Action"] == ["sqs:SendMessage", "sqs:GetQueueUrl"]


@pytest.mark.parametrize(
    ("role", "secrets"), [("ConsumerRoleDefault", ["messaging/foo"]), ("ConsumerRoleBar", ["messaging/bar"])]
)
def test_a_worker_reads_its_pool_s_secrets_only(role: str, secrets: list[str]) -> None:
    """By ARN, at run time."""
    start = ["arn:", {"Ref": "AWS::Partition"}, ":secretsmanager:", *PLACE]
    assert statements(role)["ReadSecrets"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert statements(role)["ReadSecrets"]["Resource"] == [
        {"Fn::Join": ["", [*start, f":secret:{secret}-??????"]]} for secret in secrets
    ]


@pytest.mark.parametrize(
    ("role", "sid", "kinds"),
    [
        ("ConsumerRoleDefault", "ShareState", {"ATTEMPTS", "LEDGER", "LIMIT", "TASK"}),
        ("ConsumerRoleBar", "ShareState", {"ATTEMPTS", "LEDGER", "LIMIT", "TASK"}),
        ("ScalerRole", "SeeTasks", {"TASK"}),
        ("ScalerRole", "Remember", {"SCALER"}),
    ],
)
def test_the_state_table_is_shared_by_kinds_of_items(role: str, sid: str, kinds: set[str]) -> None:
    """By their partition keys: the scaler reads no ledger, a worker writes no scaler's memory."""
    found = statements(role)[sid]
    assert found["Resource"] == [arn("StateTable")]
    [(operator, condition)] = found["Condition"].items()
    assert operator == "ForAllValues:StringLike"
    [(key, patterns)] = condition.items()
    assert key == "dynamodb:LeadingKeys"
    assert {pattern.removesuffix("#*").removesuffix("-SHA256") for pattern in patterns} == kinds


def test_nobody_scans_the_table() -> None:
    """A scan has no keys, so no condition on them would hold it back."""
    actions = {action for name in ROLES for each in statements(name).values() for action in each["Action"]}
    assert "dynamodb:Scan" not in actions


def test_the_scaler_looks_at_queues_and_writes_one_namespace() -> None:
    """It cannot receive, and cannot touch a service: Application Auto Scaling does."""
    found = statements("ScalerRole")
    assert found["SeeQueues"]["Action"] == ["sqs:GetQueueAttributes"]
    assert found["TellMetrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Sluice/messaging"}}
    actions = {action for each in found.values() for action in each["Action"]}
    assert {action.partition(":")[0] for action in actions} == {"sqs", "dynamodb", "cloudwatch", "logs"}


def test_a_producer_publishes_and_stores_claims() -> None:
    """It reads neither queues nor claims."""
    found = statements("ProducerPolicy")
    assert {action for each in found.values() for action in each["Action"]} == {"sns:Publish", "s3:PutObject"}
    assert found["Publish"]["Resource"] == [{"Ref": "TopicOutgoingMessages"}]


def test_the_agent_pulls_one_repository_and_writes_one_log_group() -> None:
    """The repository is that of the image's URI, whatever its tag or digest."""
    pull = json.dumps(statements("ExecutionRole")["PullImage"]["Resource"])
    assert '{"Ref": "Image"}' in pull
    assert '":repository/"' in pull
    assert statements("ExecutionRole")["WriteLogs"]["Resource"] == [arn("Logs")]


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("1.dkr.ecr.eu-west-1.amazonaws.com/sluice:1.2", "sluice"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/team/sluice@sha256:abc", "team/sluice"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/sluice:1.2@sha256:abc", "sluice"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/sluice", "sluice"),
        ("ghcr.io/team/sluice:1.2", "none"),
    ],
)
def test_the_repository_is_read_from_the_image_s_uri(image: str, repository: str) -> None:
    """An image that is not in ECR needs no permission."""
    [pull] = statements("ExecutionRole")["PullImage"]["Resource"]
    _, parts = pull["Fn::Join"]
    assert _evaluated(parts[-1], image) == repository


def _evaluated(told: Any, image: str) -> Any:
    match told:
        case {"Ref": "Image"}:
            return image
        case {"Fn::Join": [mark, parts]}:
            return mark.join(_evaluated(part, image) for part in parts)
        case {"Fn::Split": [mark, text]}:
            return _evaluated(text, image).split(mark)
        case {"Fn::Select": [index, values]}:
            return _evaluated(values, image)[index]
        case _:
            return told


def test_there_are_no_credentials_in_the_template() -> None:
    """Neither secrets nor what reads them while it is deployed."""
    assert "{{resolve:" not in json.dumps(STACK)
    assert [name for name in RESOURCES if RESOURCES[name]["Type"].startswith("AWS::SecretsManager")] == []
