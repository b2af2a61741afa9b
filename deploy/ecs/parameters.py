"""What is said at each deploy, and not in the topology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from aws_cdk import CfnCondition, CfnParameter, CfnRule, CfnRuleAssertion, Fn, Stack

_DAYS = ["1", "3", "5", "7", "14", "30", "60", "90", "180", "365"]  # CloudWatch Logs takes certain numbers only


@dataclass(frozen=True, slots=True)
class Parameters:
    """The stack's parameters, of which the image alone has no default; and the conditions that follow from them."""

    image: CfnParameter
    vpc: CfnParameter
    subnets: CfnParameter
    email: CfnParameter
    log_days: CfnParameter
    makes_vpc: CfnCondition
    has_email: CfnCondition
    reserves: CfnCondition

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Declare them."""
        image = CfnParameter(stack, "Image", type="String", description="URI of the worker's image, for ARM64")
        vpc = _text(stack, "VpcId", "A VPC that you have; empty: one is made")
        subnets = _text(stack, "PrivateSubnets", "With VpcId: subnets with a way out by NAT, with commas between them")
        _go_together(stack, vpc, subnets)
        email = _text(stack, "AlarmEmail", "Who is mailed alarms; empty: nobody, subscribe to the alarm topic yourself")
        days = _choice(stack, "LogDays", _DAYS, "30", "How long logs are kept")
        reserves = _choice(
            stack,
            "ReserveScaler",
            ["no", "yes"],
            "no",
            "yes: keep one concurrent Lambda call; a new account has none to keep",
        )
        return cls(
            image,
            vpc,
            subnets,
            email,
            days,
            CfnCondition(stack, "MakesVpc", expression=Fn.condition_equals(vpc, "")),
            CfnCondition(stack, "HasEmail", expression=Fn.condition_not(Fn.condition_equals(email, ""))),
            CfnCondition(stack, "ReservesScaler", expression=Fn.condition_equals(reserves, "yes")),
        )


def _go_together(stack: Stack, one: CfnParameter, other: CfnParameter) -> None:
    """Both are said or none is; else nothing is made."""
    neither = [Fn.condition_equals(parameter, "") for parameter in (one, other)]
    both = [Fn.condition_not(empty) for empty in neither]
    told = CfnRuleAssertion(
        assert_=Fn.condition_or(Fn.condition_and(*neither), Fn.condition_and(*both)),
        assert_description=f"{one.node.id} and {other.node.id} go together",
    )
    CfnRule(stack, "VpcHasSubnets", assertions=[told])


def _text(stack: Stack, name: str, description: str) -> CfnParameter:
    return CfnParameter(stack, name, type="String", default="", description=description)


def _choice(stack: Stack, name: str, choices: list[str], default: str, description: str) -> CfnParameter:
    return CfnParameter(stack, name, type="String", allowed_values=choices, default=default, description=description)
