"""`sluice` itself: its commands, the options of all of them, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

import click

from worker.cli.options import Invocation, common
from worker.cli.trail import trail_of, write_crash
from worker.cli.words import FAILED, INTERRUPTED, WRONG, write_examples
from worker.model.errors import OverdueError, SluiceError

_COMMANDS = (
    "run",
    "check",
    "demo",
    "dev",
    "publish",
    "up",
    "template",
    "limits",
    "plan",
    "health",
    "keys",
)  # each a module here, with `command`
_EXAMPLES = (
    "sluice demo            see it work, with nothing but this machine",
    "sluice check           is my sluice.toml right?",
    "sluice up --dry-run    what would be made in AWS?",
    "sluice run             drain, until SIGTERM or Ctrl-C",
)
_EXITS = (
    ("0", "ok"),
    (str(FAILED), "failed: the demo's report does not hold, the worker is not healthy, a stop was not in time"),
    (str(WRONG), "wrong usage or configuration; AWS refused or did not answer"),
    (str(INTERRUPTED), "interrupted by Ctrl-C"),
)


class Commands(click.Group):
    """Imports a command's module when it is used: `sluice health` does not wait for all of AWS's SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, D102
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, D102
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"worker.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; every error of ours ends in clear lines and exit code 2."""
        try:
            return super().invoke(ctx)
        except SluiceError as error:
            _tell([error], ctx.ensure_object(Invocation))
            ctx.exit(_code([error]))
        except ExceptionGroup as group:  # out of a TaskGroup
            ours, bugs = group.split(SluiceError)
            if ours is None or bugs is not None:
                raise
            errors = list(_each(ours))
            _tell(errors, ctx.ensure_object(Invocation))
            ctx.exit(_code(errors))
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except SystemExit as error:  # an adapter's; the interpreter would write its text
            click.echo(trail_of(error), err=True)
            ctx.exit(FAILED)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002, D102
        write_examples(formatter, _EXAMPLES)
        with formatter.section("Exit codes"):
            formatter.write_dl(_EXITS)


def _tell(errors: Iterable[SluiceError], invocation: Invocation) -> None:
    for error in errors:
        if invocation.verbosity:
            click.echo(trail_of(error), err=True)
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)


def _code(errors: Sequence[SluiceError]) -> int:
    return FAILED if all(isinstance(error, OverdueError) for error in errors) else WRONG


def _each(group: ExceptionGroup[SluiceError]) -> Iterator[SluiceError]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _each(error)
        else:
            yield error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sluice", prog_name="sluice", message="%(prog)s %(version)s")
@common
def main() -> None:
    """Drains SQS queues into vendor APIs: never above a vendor's limit, with nothing lost.

    Settings come from sluice.toml, then from variables (SLUICE_VENDORS__FOO_PRIMARY__CONCURRENCY=4), then from --set.
    """
    sys.excepthook = write_crash
