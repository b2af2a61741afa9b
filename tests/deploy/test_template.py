from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cfnlint.api import lint

from deploy.ecs.reading import read
from tests.deploy.stack import EXAMPLE, RESOURCES, STACK, TEXT, typed
from tests.privilege.template import Template
from worker.aws.arns import Place
from worker.aws.resources import Queue
from worker.model.errors import ConfigurationError
from worker.ops.desired import desired

ACCOUNT, REGION = "123456789012", "eu-west-1"


def test_the_image_is_all_that_must_be_said() -> None:
    """Every other parameter has a default."""
    assert [name for name, parameter in STACK["Parameters"].items() if "Default" not in parameter] == ["Image"]


def test_there_are_no_assets_and_no_bootstrap() -> None:
    """Nothing lies in a bucket or a registry of the CDK's, and no stack of its must be there."""
    assert "cdk-" not in TEXT
    assert "BootstrapVersion" not in TEXT
    assert "AssetParameters" not in TEXT
    assert "AWS::CDK::Metadata" not in TEXT


def test_it_is_of_the_very_sluice_toml_beside_it() -> None:
    """Quick to see; CI synthesises it anew and compares every byte."""
    assert STACK["Mappings"]["Topology"]["sluice"]["toml"] == (EXAMPLE / "sluice.toml").read_text("utf-8")


def test_a_resource_is_a_line() -> None:
    """So that a change of one is a line of the diff."""
    lines = TEXT.splitlines()
    for name in RESOURCES:
        assert len([line for line in lines if line.startswith(f' "{name}": {{"Type":')]) == 1


def test_cfn_lint_finds_nothing() -> None:
    """In the first region and in another; what is acknowledged stands in the template, by name."""
    assert lint(TEXT, regions=["us-east-1", "eu-central-1"]) == []
    acknowledged = {name: resource["Metadata"] for name, resource in RESOURCES.items() if "Metadata" in resource}
    empty_default = {"cfn-lint": {"config": {"ignore_checks": ["W1033"]}}}  # no subnet, and never used as one
    assert acknowledged == dict.fromkeys(("ServiceDefault", "ServiceBar"), empty_default)


def test_the_queues_are_those_that_up_would_make() -> None:
    """To the last attribute: `sluice check --aws` finds no difference to a stack."""
    topology, _ = read(EXAMPLE / "sluice.toml")
    template = Template(STACK, account=ACCOUNT, region=REGION)
    made = {each["Properties"]["QueueName"]: each["Properties"] for each in typed("SQS::Queue").values()}
    policies = {
        template.resolve(each["Properties"]["Queues"])[0]: template.resolve(each["Properties"]["PolicyDocument"])
        for each in typed("SQS::QueuePolicy").values()
    }
    wanted = [each for each in desired(topology, Place(ACCOUNT, REGION)).resources if isinstance(each, Queue)]
    assert sorted(made) == sorted(queue.name for queue in wanted)
    for queue in wanted:
        told = {name: json.loads(value) for name, value in queue.attributes.items()}
        assert policies[queue.name] == told.pop("Policy")
        assert told.items() <= template.resolve(made[queue.name]).items()


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("UrlOfQueueFooPrimary", "QueueFooPrimary"),
        ("UrlOfQueueFooSecondary", "QueueFooSecondary"),
        ("UrlOfQueueBar", "QueueBar"),
        ("ArnOfTopicOutgoingMessages", "TopicOutgoingMessages"),
        ("TableName", "StateTable"),
        ("BucketName", "ClaimBucket"),
        ("ClusterName", "Cluster"),
        ("LogGroupName", "Logs"),
        ("AlarmTopicArn", "Alarms"),
        ("DashboardName", "Dashboard"),
        ("ProducerPolicyArn", "ProducerPolicy"),
    ],
)
def test_the_stack_tells_what_it_has_made(output: str, value: str) -> None:
    """For publishers, operators and scripts."""
    assert STACK["Outputs"][output] == {"Value": {"Ref": value}}


def test_a_topology_without_a_state_table_cannot_be_deployed(tmp_path: Path) -> None:
    """The scaler sees there who works."""
    path = tmp_path / "sluice.toml"
    path.write_text('[sluice]\nname = "m"\n[vendors.foo]\nadapter = "echo"\nshare = "split"\n')
    with pytest.raises(ConfigurationError, match=re.escape("[sluice] table = true is needed on ECS")):
        read(path)


def test_variables_do_not_change_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task would not have them."""
    monkeypatch.setenv("SLUICE_VENDORS__BAR__CONCURRENCY", "99")
    topology, text = read(EXAMPLE / "sluice.toml")
    assert topology.vendors["bar"].concurrency == 10
    assert text == (EXAMPLE / "sluice.toml").read_text("utf-8")
