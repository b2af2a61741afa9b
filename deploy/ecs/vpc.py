"""The VPC that is made where none is given."""

from __future__ import annotations

from aws_cdk import Aws, CfnResource, CfnTag, Fn, aws_ec2

from deploy.ecs.parameters import Parameters
from deploy.ecs.site import Site

_VPC = "10.0.0.0/16"
_PUBLIC = "10.0.0.0/24"  # for the NAT gateway alone
_PRIVATE = ("10.0.64.0/18", "10.0.128.0/18")  # one in each of two zones


class Vpc:
    """Two private subnets behind one NAT gateway; S3 and DynamoDB are reached past it, which costs nothing."""

    def __init__(self, site: Site, parameters: Parameters) -> None:
        self._site = site
        self._condition = parameters.makes_vpc
        tag = CfnTag(key="Name", value=site.names.prefix)
        self.vpc = aws_ec2.CfnVPC(
            site.stack, "Vpc", cidr_block=_VPC, enable_dns_support=True, enable_dns_hostnames=True, tags=[tag]
        )
        nat = self._nat()
        routes = aws_ec2.CfnRouteTable(site.stack, "PrivateRoutes", vpc_id=self.vpc.ref)
        out = aws_ec2.CfnRoute(
            site.stack,
            "PrivateOut",
            route_table_id=routes.ref,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.ref,
        )
        self._only_if_made(self.vpc, routes, out)
        self._ways = (out, *self._endpoints(routes))
        self.joined: list[str] = []  # the private subnets, to their routes: the last step
        self.subnets = [self._private(number, routes) for number in range(len(_PRIVATE))]

    def _nat(self) -> aws_ec2.CfnNatGateway:
        stack, vpc = self._site.stack, self.vpc.ref
        gateway = aws_ec2.CfnInternetGateway(stack, "InternetGateway")
        attached = aws_ec2.CfnVPCGatewayAttachment(
            stack, "InternetGatewayAttached", vpc_id=vpc, internet_gateway_id=gateway.ref
        )
        subnet = self._subnet("PublicSubnet", _PUBLIC, 0)
        routes = aws_ec2.CfnRouteTable(stack, "PublicRoutes", vpc_id=vpc)
        out = aws_ec2.CfnRoute(
            stack,
            "PublicOut",
            route_table_id=routes.ref,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.ref,
        )
        out.add_resource_dependency(attached)
        joined = self._join("PublicSubnetRoutes", subnet, routes)
        address = aws_ec2.CfnEIP(stack, "NatAddress", domain="vpc")
        address.add_resource_dependency(attached)
        nat = aws_ec2.CfnNatGateway(stack, "Nat", subnet_id=subnet.ref, allocation_id=address.attr_allocation_id)
        nat.add_resource_dependency(out)
        nat.add_resource_dependency(joined)
        self._only_if_made(gateway, attached, routes, out, address, nat)
        return nat

    def _private(self, number: int, routes: aws_ec2.CfnRouteTable) -> str:
        subnet = self._subnet(f"PrivateSubnet{number + 1}", _PRIVATE[number], number)
        joined = self._join(f"PrivateSubnetRoutes{number + 1}", subnet, routes)
        for way in self._ways:
            joined.add_resource_dependency(way)
        self.joined.append(joined.ref)
        return str(subnet.ref)

    def _subnet(self, name: str, block: str, zone: int) -> aws_ec2.CfnSubnet:
        subnet = aws_ec2.CfnSubnet(
            self._site.stack,
            name,
            vpc_id=self.vpc.ref,
            cidr_block=block,
            availability_zone=Fn.select(zone, Fn.get_azs()),
        )
        self._only_if_made(subnet)
        return subnet

    def _join(
        self, name: str, subnet: aws_ec2.CfnSubnet, routes: aws_ec2.CfnRouteTable
    ) -> aws_ec2.CfnSubnetRouteTableAssociation:
        joined = aws_ec2.CfnSubnetRouteTableAssociation(
            self._site.stack, name, subnet_id=subnet.ref, route_table_id=routes.ref
        )
        self._only_if_made(joined)
        return joined

    def _endpoints(self, routes: aws_ec2.CfnRouteTable) -> tuple[CfnResource, ...]:
        made = tuple(
            aws_ec2.CfnVPCEndpoint(
                self._site.stack,
                f"{name}Endpoint",
                vpc_id=self.vpc.ref,
                service_name=f"com.amazonaws.{Aws.REGION}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[routes.ref],
            )
            for name, service in (("S3", "s3"), ("DynamoDb", "dynamodb"))
        )
        self._only_if_made(*made)
        return made

    def _only_if_made(self, *resources: CfnResource) -> None:
        for resource in resources:
            resource.cfn_options.condition = self._condition
