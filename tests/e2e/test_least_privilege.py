"""Each role of the committed template allows what its program really calls, and no more than is named here.

What they call is collected from a worker, a publisher and a scaler that use every feature, on a topology of their own;
for each vendor of the example it is asked whether its role would have allowed the same for that vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.privilege.metrics import Metric, looked_at
from tests.privilege.policy import Access, Statement, allows, unused
from tests.privilege.renaming import Renaming
from tests.privilege.scene import Scene
from tests.privilege.template import Template
from worker.local.stack import EmbeddedAws
from worker.model.names import Names
from worker.settings import Topology, load

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "outbound-messaging"
ACCOUNT, REGION = "000000000000", "us-east-1"  # of the embedded AWS
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/sluice:1.0"
TOPOLOGY = load(EXAMPLE / "sluice.toml", environ={})
NAMES = Names(TOPOLOGY.sluice.name)


def template(image: str = IMAGE) -> Template:
    return Template.read(EXAMPLE / "stack.json", account=ACCOUNT, region=REGION, parameters={"Image": image})


TEMPLATE = template()
BUCKET = f"arn:aws:s3:::{NAMES.bucket(ACCOUNT, REGION)}"
LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/sluice/{NAMES.prefix}:*"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/sluice"

# What a role may do and no program here does, with the reason.
EXTRA: Mapping[str, Mapping[str, str]] = {
    "consumer": {
        f"s3:ListBucket on {BUCKET}": "without it S3 answers 403 and not 404 where a claim check's object is gone, and "
        "its message would wait for somebody, and not be buried",
        "dynamodb:LeadingKeys LIMIT-SHA256#*": "a limit_key, its payload fields filled in, may be too long for a key",
    },
    "producer": {},
    "scaler": {
        f"logs:CreateLogStream on {LOG}": "Lambda writes the function's log by the function's role",
        f"logs:PutLogEvents on {LOG}": "the same",
    },
    "execution": {  # the ECS agent is no program of ours
        "ecr:GetAuthorizationToken on *": "it signs in to the registry, which is no resource",
        f"ecr:BatchCheckLayerAvailability on {REPOSITORY}": "it pulls the image",
        f"ecr:GetDownloadUrlForLayer on {REPOSITORY}": "the same",
        f"ecr:BatchGetImage on {REPOSITORY}": "the same",
        f"logs:CreateLogStream on {LOG}": "the awslogs driver hands on what the worker writes",
        f"logs:PutLogEvents on {LOG}": "the same",
    },
}
WITHOUT_RESOURCE = {"cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"}  # AWS has none for them


@dataclass(frozen=True, slots=True)
class Played:
    """What was called, by whom, and on which topology."""

    topology: Topology
    calls: Mapping[str, frozenset[Access]]
    dispositions: set[str]
    metrics: set[Metric]

    def of(self, who: str, vendor: str) -> frozenset[Access]:
        """What that program would have called for a vendor of the example."""
        return Renaming(self.topology, TOPOLOGY, vendor).all(self.calls[who])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(embedded_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Slow, some seconds: a worker has to start, and to work through every feature."""
    async with embedded_aws.aws() as aws:
        scene = Scene(embedded_aws, aws, "t-privilege", tmp_path_factory.mktemp("privilege"))
        calls = await scene.play()
        return Played(scene.deployment.topology, calls, scene.dispositions, scene.metrics)


@pytest.mark.parametrize("vendor", TOPOLOGY.vendors)
async def test_a_worker_may_do_all_that_it_does(played: Played, vendor: str) -> None:
    """Receive, settle, bury, publish, claim checks, ledger, attempts, limits, reports, secrets: by its pool's role."""
    assert denied(consumers()[TOPOLOGY.vendors[vendor].pool], played.of("consumer", vendor)) == []


@pytest.mark.parametrize("vendor", TOPOLOGY.vendors)
async def test_a_publisher_may_do_all_that_it_does(played: Played, vendor: str) -> None:
    """Publish, and put what is too large for SNS into the bucket."""
    assert denied("ProducerPolicy", played.of("producer", vendor)) == []


@pytest.mark.parametrize("vendor", TOPOLOGY.vendors)
async def test_the_scaler_may_do_all_that_it_does(played: Played, vendor: str) -> None:
    """See queues and reports, remember, publish its metrics."""
    assert denied(scaler(), played.of("scaler", vendor)) == []


async def test_a_worker_may_do_no_more(played: Played) -> None:
    """Each action on each resource that a pool's role allows is one that a worker of this pool's vendors needs."""
    for pool, role in consumers().items():
        vendors = [name for name, entry in TOPOLOGY.vendors.items() if entry.pool == pool]
        needed = frozenset[Access]().union(*(played.of("consumer", vendor) for vendor in vendors))
        assert unused(TEMPLATE.statements(role), needed) == set(EXTRA["consumer"]), pool


@pytest.mark.parametrize(("who", "name"), [("producer", "ProducerPolicy"), ("scaler", "ScalerRole")])
async def test_publisher_and_scaler_may_do_no_more(played: Played, who: str, name: str) -> None:
    """The same of those that have to do with all vendors."""
    needed = frozenset[Access]().union(*(played.of(who, vendor) for vendor in TOPOLOGY.vendors))
    assert unused(TEMPLATE.statements(name), needed) == set(EXTRA[who])


async def test_every_feature_was_played(played: Played) -> None:
    """The proof is worth what was called: each kind of item, each action of the worker's ports, each disposition."""
    assert played.dispositions == {"Delete", "Postpone", "Bury", "Replace", "Renew"}
    consumer = played.calls["consumer"]
    keys = {key.partition("#")[0] for access in consumer for _, values in access.context for key in values}
    assert keys == {"ATTEMPTS", "ATTEMPTS-SHA256", "LEDGER", "LEDGER-SHA256", "LIMIT", "TASK"}
    assert {access.action for access in consumer} == {
        *(f"sqs:{each}" for each in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "SendMessage")),
        *("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sns:Publish", "s3:GetObject", "s3:PutObject"),
        *(f"dynamodb:{each}Item" for each in ("BatchGet", "BatchWrite", "Put", "Update", "Delete")),
        *("dynamodb:Query", "secretsmanager:GetSecretValue"),
    }
    assert {access.action for access in played.calls["producer"]} == {"sns:Publish", "s3:PutObject"}
    assert "cloudwatch:PutMetricData" in {access.action for access in played.calls["scaler"]}


async def test_alarms_and_dashboard_look_at_what_is_written(played: Played) -> None:
    """Each metric of ours that they name is one that the worker or the scaler wrote, with these very dimensions."""
    ours = Names(played.topology.sluice.name).metrics
    known = {metric._replace(namespace=NAMES.metrics) for metric in played.metrics if metric.namespace == ours}
    wanted = {metric for metric in looked_at(TEMPLATE) if not metric.namespace.startswith("AWS/")}
    assert wanted - known == set()
    assert len(wanted) >= 6


def test_pools_are_apart() -> None:
    """No pool's role reaches another pool's queues or secrets."""
    for pool, role in consumers().items():
        for name, entry in TOPOLOGY.vendors.items():
            queue = Access("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAMES.queue(name)}")
            secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{entry.secret}-a1B2c3"
            asked = [queue, Access("secretsmanager:GetSecretValue", secret)]
            assert (denied(role, asked) == []) == (entry.pool == pool), (pool, name)


def test_no_role_but_these_is_made() -> None:
    """Each role in the template is a worker's, the scaler's or the ECS agent's; each is taken by its own service."""
    takers = dict.fromkeys((*consumers().values(), execution()), "ecs-tasks.amazonaws.com")
    takers[scaler()] = "lambda.amazonaws.com"
    assert {name: taker_of(role) for name, role in TEMPLATE.of_type("AWS::IAM::Role").items()} == takers
    assert set(TEMPLATE.of_type("AWS::IAM::ManagedPolicy")) == {"ProducerPolicy"}
    assert not TEMPLATE.of_type("AWS::IAM::User")


def test_nobody_has_a_policy_of_aws() -> None:
    """Managed policies of AWS allow their actions on everything."""
    assert not [
        name for name, role in TEMPLATE.of_type("AWS::IAM::Role").items() if "ManagedPolicyArns" in role["Properties"]
    ]


def test_no_action_and_no_resource_is_everything() -> None:
    """No action has a `*` in it; a resource is `*` only for actions that know none."""
    for _, statement in all_statements():
        assert not [action for action in statement.actions if "*" in action or "?" in action]
        if any(resource.strip("*?:") in {"", "arn", "arn:aws"} for resource in statement.resources):
            assert set(statement.actions) <= WITHOUT_RESOURCE


def test_metrics_go_into_the_namespace_only() -> None:
    """PutMetricData knows no resource: the namespace is its bound."""
    namespaces = [
        statement.conditions["StringEquals"]["cloudwatch:namespace"]
        for _, statement in all_statements()
        if "cloudwatch:PutMetricData" in statement.actions
    ]
    assert namespaces == [(NAMES.metrics,)]


def test_the_ecs_agent_may_pull_the_image_and_hand_on_the_log() -> None:
    """And no more; where the image is not in ECR it may pull none from there."""
    assert unused(TEMPLATE.statements(execution()), []) == set(EXTRA["execution"])
    elsewhere = unused(template("registry.example/sluice:1.0").statements(execution()), [])
    assert elsewhere == {each.replace("team/sluice", "none") for each in EXTRA["execution"]}


def denied(role: str, accesses: frozenset[Access] | list[Access]) -> list[str]:
    statements = TEMPLATE.statements(role)
    return sorted({str(access) for access in accesses if not allows(statements, access)})


def all_statements() -> Iterator[tuple[str, Statement]]:
    for kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
        for name in TEMPLATE.of_type(kind):
            yield from ((name, statement) for statement in TEMPLATE.statements(name))


def consumers() -> dict[str, str]:
    """By pool."""
    return {pool_of(task): role_of(task["TaskRoleArn"]) for task in tasks()}


def execution() -> str:
    [role] = {role_of(task["ExecutionRoleArn"]) for task in tasks()}
    return role


def scaler() -> str:
    [function] = TEMPLATE.of_type("AWS::Lambda::Function").values()
    return role_of(function["Properties"]["Role"])


def tasks() -> list[dict[str, Any]]:
    return [task["Properties"] for task in TEMPLATE.of_type("AWS::ECS::TaskDefinition").values()]


def pool_of(task: Mapping[str, Any]) -> str:
    [container] = task["ContainerDefinitions"]
    return str({each["Name"]: each["Value"] for each in container["Environment"]}["SLUICE_POOL"])


def role_of(arn: Mapping[str, Any]) -> str:
    return str(arn["Fn::GetAtt"][0])


def taker_of(role: Mapping[str, Any]) -> str:
    [statement] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    return str(statement["Principal"]["Service"])
