"""`sluice publish`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from worker.cli.loop import complete
from worker.cli.options import Invocation, common, pairs, settings
from worker.cli.words import Command
from worker.ops.progress import Progress
from worker.ops.send import send, send_file
from worker.publish import Entry
from worker.publish.attributes import Scalar, Value
from worker.publish.entry import Body
from worker.settings import Topology


@click.command(
    cls=Command,
    examples=(
        'sluice publish \'{"to": "+4915…"}\' -a target=FOO-PRIMARY',
        "echo hello | sluice publish - --key order-7",
        "sluice publish --file messages.jsonl",
    ),
    exits="0 SNS has all of it, 2 wrong usage, wrong message or AWS refused",
)
@click.argument("body", required=False)
@click.option("--file", "path", metavar="FILE.jsonl", type=click.Path(path_type=Path), help="JSON lines; - is stdin.")
@click.option(
    "-a", "--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="VALUE may be a JSON list of texts."
)
@click.option("--key", help="The idempotency key (sluice-key); default: random.")
@click.option("--tenant", help="MessageGroupId, for fair queues.")
@click.option("--topic", help="A topic of the topology, or an ARN; default: [sluice] topic.")
@settings
@common
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    body: str | None,
    path: Path | None,
    attributes: tuple[str, ...],
    key: str | None,
    tenant: str | None,
    topic: str | None,
    flags: dict[str, str],
) -> None:
    """Publish a message, or a file of them.

    BODY is the message as it is; - reads all of stdin. A line of a file is {"body": …, "attributes": {…},
    "key": …, "tenant": …, "topic": …}; all but body may be left out. In a file, a wrong line is named before
    anything is published.
    """
    if (body is None) == (path is None) or (path and (attributes or key or tenant or topic)):
        raise click.UsageError("give BODY (or -), or --file alone: its lines carry attributes, key, tenant and topic")
    values = {name: _value(value) for name, value in pairs(attributes, "NAME=VALUE").items()}
    topology = invocation.topology(flags)
    if path is not None:
        _publish_file(topology, path)
    else:
        receipt = complete(send(topology, Entry(_body(body or ""), values, key, tenant, topic)))
        click.echo(f"published {receipt.id} with key {receipt.key}")


def _publish_file(topology: Topology, path: Path) -> None:
    with Progress(sys.stderr) as progress:
        count = complete(send_file(topology, path, progress))
    click.echo(f"published {count:,}")


def _body(text: str) -> Body:
    return sys.stdin.buffer.read() if text == "-" else text  # bytes: what is not UTF-8 is told as such


def _value(text: str) -> Value:
    if not text.startswith("["):
        return text
    try:
        values: list[Scalar] = json.loads(text)
    except ValueError:
        return text  # a text may well begin with a bracket
    return values
