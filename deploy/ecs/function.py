"""The Lambda that tells each minute how many tasks are needed."""

from __future__ import annotations

from aws_cdk import Aws, Fn, Token, aws_events, aws_lambda

from deploy.ecs.parameters import Parameters
from deploy.ecs.roles import Roles
from deploy.ecs.scaler.configuration import scaler_configuration
from deploy.ecs.scaler.source import inline_source
from deploy.ecs.site import Site, queue_id

_TIMEOUT = 50  # seconds: over before the next one begins


def add_scaler(site: Site, parameters: Parameters, roles: Roles, log_group: str) -> aws_lambda.CfnFunction:
    """Make it, and call it each minute; what fails is not tried again, since the next minute comes."""
    function = aws_lambda.CfnFunction(
        site.stack,
        "Scaler",
        function_name=f"{site.names.prefix}-scaler",
        runtime="python3.13",
        architectures=["arm64"],
        handler="index.handler",
        code=aws_lambda.CfnFunction.CodeProperty(zip_file=inline_source() + _configuration(site)),
        role=roles.scaler,
        memory_size=256,
        timeout=_TIMEOUT,
        reserved_concurrent_executions=_one(parameters),
        logging_config=aws_lambda.CfnFunction.LoggingConfigProperty(log_group=log_group),
    )
    aws_lambda.CfnEventInvokeConfig(
        site.stack,
        "ScalerTries",
        function_name=function.ref,
        qualifier="$LATEST",
        maximum_event_age_in_seconds=60,
        maximum_retry_attempts=0,
    )
    _call_each_minute(site, function)
    return function


def _configuration(site: Site) -> str:
    """The last line of its source: a function's variables have 4 KB together, less than twenty vendors need."""
    queues = {vendor: queue_id(site.names, site.names.queue(vendor)) for vendor in site.topology.vendors}
    urls = {vendor: str(Fn.ref(queue)) for vendor, queue in queues.items()}
    told = site.stack.to_json_string(scaler_configuration(site.topology, urls))
    return f"os.environ[\"SCALER\"] = '{told}'\n"


def _one(parameters: Parameters) -> float:
    """At most one at once, and always room for it."""
    return float(Token.as_number(Fn.condition_if(parameters.reserves.node.id, 1, Aws.NO_VALUE)))


def _call_each_minute(site: Site, function: aws_lambda.CfnFunction) -> None:
    rule = aws_events.CfnRule(
        site.stack,
        "EachMinute",
        schedule_expression="rate(1 minute)",
        targets=[aws_events.CfnRule.TargetProperty(id="Scaler", arn=function.attr_arn)],
    )
    aws_lambda.CfnPermission(
        site.stack,
        "EachMinuteMayCall",
        action="lambda:InvokeFunction",
        function_name=function.ref,
        principal="events.amazonaws.com",
        source_arn=rule.attr_arn,
    )
