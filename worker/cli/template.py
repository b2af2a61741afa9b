"""`sluice template`."""

from __future__ import annotations

import click

from worker.cli.options import Invocation, common
from worker.cli.words import Command
from worker.model.errors import ConfigurationError

_LARGEST = 51_200  # bytes of a template that is sent along


@click.command(
    cls=Command,
    examples=(
        "sluice template > stack.json",
        "sluice template -c examples/outbound-messaging/sluice.toml > stack.json",
    ),
    exits="0, 2 wrong configuration, or what it needs is not installed",
)
@common
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Print the topology's CloudFormation template, for ECS.

    It needs the extra `deploy` and Node.js: pip install '.[deploy]' in a clone of Sluice brings both. Variables
    that change settings do not count: what the tasks will do is what the file says.
    """
    try:
        from deploy.ecs.node import use_node  # noqa: PLC0415 - the extra may not be installed
        from deploy.ecs.reading import read  # noqa: PLC0415

        invocation.find_adapters(invocation.config)
        topology, text = read(invocation.config, invocation.text)
        use_node()
        from deploy.ecs.template import synthesise  # noqa: PLC0415 - its import starts Node
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed: pip install '.[deploy]' in a clone of Sluice, or the Docker target deploy"
        ) from error
    template = synthesise(topology, text)
    click.echo(template, nl=False)
    if (size := len(template.encode())) > _LARGEST:
        click.echo(
            f"{size:,} bytes: above {_LARGEST:,} `aws cloudformation deploy` wants --s3-bucket, any bucket of yours",
            err=True,
        )
