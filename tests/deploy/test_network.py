from __future__ import annotations

import pytest

from tests.deploy.stack import RESOURCES, STACK, of

MADE = {
    name
    for name, resource in RESOURCES.items()
    if resource["Type"].startswith("AWS::EC2::") and name != "SecurityGroup"
}


def test_a_vpc_is_made_only_where_none_is_given() -> None:
    """All of it, by one condition."""
    assert STACK["Conditions"]["MakesVpc"] == {"Fn::Equals": [{"Ref": "VpcId"}, ""]}
    assert STACK["Parameters"]["VpcId"]["Default"] == ""
    assert {name: RESOURCES[name].get("Condition") for name in MADE} == dict.fromkeys(MADE, "MakesVpc")


def test_the_security_group_is_in_the_one_or_the_other() -> None:
    """Whose subnets the tasks are in."""
    assert of("SecurityGroup")["VpcId"] == {"Fn::If": ["MakesVpc", {"Ref": "Vpc"}, {"Ref": "VpcId"}]}


@pytest.mark.parametrize("number", [1, 2])
def test_a_private_subnet_goes_out_by_the_nat_gateway(number: int) -> None:
    """And gives nobody a public address."""
    joined = of(f"PrivateSubnetRoutes{number}")
    assert joined == {"SubnetId": {"Ref": f"PrivateSubnet{number}"}, "RouteTableId": {"Ref": "PrivateRoutes"}}
    assert "MapPublicIpOnLaunch" not in of(f"PrivateSubnet{number}")
    assert of("PrivateOut")["NatGatewayId"] == {"Ref": "Nat"}
    assert of("Nat")["SubnetId"] == {"Ref": "PublicSubnet"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_private_subnet_has_its_routes_last(number: int) -> None:
    """What refers to them finds a way out."""
    assert {"PrivateOut", "S3Endpoint", "DynamoDbEndpoint"} == set(
        RESOURCES[f"PrivateSubnetRoutes{number}"]["DependsOn"]
    )


def test_the_private_subnets_are_in_two_zones() -> None:
    """One of them may fail."""
    zones = [of(f"PrivateSubnet{number}")["AvailabilityZone"] for number in (1, 2)]
    assert zones == [{"Fn::Select": [index, {"Fn::GetAZs": ""}]} for index in (0, 1)]


def test_s3_and_dynamodb_are_reached_past_the_nat_gateway() -> None:
    """Gateway endpoints cost nothing, a NAT gateway costs by the gigabyte."""
    for endpoint in ("S3Endpoint", "DynamoDbEndpoint"):
        assert of(endpoint)["VpcEndpointType"] == "Gateway"
        assert of(endpoint)["RouteTableIds"] == [{"Ref": "PrivateRoutes"}]


def test_a_vpc_without_subnets_is_refused_before_anything_is_made() -> None:
    """And subnets without a VPC."""
    [told] = STACK["Rules"]["VpcHasSubnets"]["Assertions"]
    empty = [{"Fn::Equals": [{"Ref": parameter}, ""]} for parameter in ("VpcId", "PrivateSubnets")]
    said = [{"Fn::Not": [each]} for each in empty]
    assert told["Assert"] == {"Fn::Or": [{"Fn::And": empty}, {"Fn::And": said}]}
