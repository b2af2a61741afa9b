"""What the ECS agent may do: pull the image, hand on the logs."""

from __future__ import annotations

from aws_cdk import Aws, Fn

from deploy.ecs.access import logs
from deploy.ecs.parameters import Parameters
from deploy.ecs.policies import allow, trust
from deploy.ecs.role import add_role
from deploy.ecs.site import Site

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


def add_execution(site: Site, parameters: Parameters, log_group: str) -> str:
    """Its role, for all pools; returns its ARN. The image lies in ECR of this account and region, or is public."""
    repositories = f"arn:{Aws.PARTITION}:ecr:{Aws.REGION}:{Aws.ACCOUNT_ID}:repository"
    statements = [
        *allow("EnterRegistry", ["ecr:GetAuthorizationToken"], ["*"]),  # it knows no resources
        *allow("PullImage", _PULL, [f"{repositories}/{_repository(parameters)}"]),
        *logs(log_group),
    ]
    # AWS documents conditions on whom it acts for of task roles only.
    return add_role(site, "ExecutionRole", trust("ecs-tasks"), statements)


def _repository(parameters: Parameters) -> str:
    """`team/sluice` of `….amazonaws.com/team/sluice:tag`; "none" where the image is not in ECR."""
    padded = f"{parameters.image.value_as_string}amazonaws.com/none"
    path = Fn.select(1, Fn.split("amazonaws.com/", padded))
    return str(Fn.select(0, Fn.split(":", Fn.select(0, Fn.split("@", path)))))
