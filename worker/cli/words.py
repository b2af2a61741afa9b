"""Help that helps: every command shows examples and its exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

FAILED, WRONG, INTERRUPTED = 1, 2, 130  # exit codes; 0 is well


class Command(click.Command):
    """A command with examples and exit codes below its options."""

    def __init__(self, *, examples: Sequence[str], exits: str, **usual: Any) -> None:
        super().__init__(**usual)
        self.examples = tuple(examples)
        self.exits = exits

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002, D102
        write_examples(formatter, self.examples)
        with formatter.section("Exit codes"):
            formatter.write_text(self.exits)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write examples, a line each, never wrapped."""
    with formatter.section("Examples"):
        for line in examples:
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")
