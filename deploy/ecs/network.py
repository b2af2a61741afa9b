"""Where tasks run: private subnets of a VPC that is given, or made; nothing comes in."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Fn, Token, aws_ec2

from deploy.ecs.parameters import Parameters
from deploy.ecs.site import Site
from deploy.ecs.vpc import Vpc


@dataclass(frozen=True, slots=True)
class Network:
    """A service's place in it."""

    subnets: list[str]
    security_groups: list[str]
    routes: str  # what it says is known when tasks can reach AWS and the vendors: a service must refer to it


def add_network(site: Site, parameters: Parameters) -> Network:
    """Make the VPC, if none is given, and the tasks' security group."""
    made = Vpc(site, parameters)
    vpc = Fn.condition_if(parameters.makes_vpc.node.id, made.vpc.ref, parameters.vpc)
    subnets = Fn.condition_if(
        parameters.makes_vpc.node.id, made.subnets, Fn.split(",", parameters.subnets.value_as_string)
    )
    group = aws_ec2.CfnSecurityGroup(
        site.stack,
        "SecurityGroup",
        group_description="Sluice tasks: out to AWS and the vendors, nothing in",
        vpc_id=Token.as_string(vpc),
        security_group_egress=[aws_ec2.CfnSecurityGroup.EgressProperty(ip_protocol="-1", cidr_ip="0.0.0.0/0")],
    )
    routes = Fn.condition_if(parameters.makes_vpc.node.id, Fn.join(" ", made.joined), "given")
    return Network(Token.as_list(subnets), [group.attr_group_id], Token.as_string(routes))
