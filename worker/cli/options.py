"""Options that commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from worker.settings import Topology, load

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """What was said before or after the command's name; click's callbacks write it, commands read it."""

    config: Path = Path("sluice.toml")
    text: str | None = None  # of SLUICE_TOPOLOGY; then `config` only names it
    verbosity: int = 0

    def topology(
        self, flags: Mapping[str, str], *, path: Path | None = None, environ: Mapping[str, str] = os.environ
    ) -> Topology:
        """Load the topology; raises ConfigurationError."""
        file = path or self.config
        self.find_adapters(file)
        return load(file, environ=environ, flags=flags, text=self.text if path is None else None)

    def find_adapters(self, file: Path) -> None:
        """Make importable what lies beside a topology: `adapter = "acme:Acme"` is `acme.py` in its folder.

        Where a variable holds the topology it is the current folder.
        """
        if (folder := str(file.resolve().parent)) not in sys.path:
            sys.path.append(folder)


def common(command: F) -> F:
    """`--config` and `--verbose`: they may stand before and after the command's name."""
    config = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=_config,
        expose_value=False,
        help="The topology; default: the text in $SLUICE_TOPOLOGY, the file $SLUICE_CONFIG, else sluice.toml.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        callback=_verbose,
        expose_value=False,
        help="Show more: debug events, the cause of errors.",
    )
    return config(verbose(command))


def settings(command: F) -> F:
    """`--set PATH=VALUE`, as the keyword `flags`."""
    return click.option(
        "--set",
        "flags",
        multiple=True,
        metavar="PATH=VALUE",
        callback=_pairs,
        help="Change one setting, such as vendors.foo.concurrency=4; may be repeated.",
    )(command)


def pairs(texts: tuple[str, ...], form: str) -> dict[str, str]:
    """Split `NAME=VALUE` texts; raises click.BadParameter that shows the form."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals):
            raise click.BadParameter(f"{text!r} is not {form}")
        found[name.strip()] = value
    return found


def _pairs(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    return pairs(texts, "PATH=VALUE, such as vendors.foo.concurrency=4")


def _config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    invocation = ctx.ensure_object(Invocation)
    if path is not None:
        invocation.config, invocation.text = path, None
    elif ctx.parent is not None:
        return  # what the group has read stands
    elif text := os.environ.get("SLUICE_TOPOLOGY"):
        invocation.config, invocation.text = Path("SLUICE_TOPOLOGY"), text
    elif given := os.environ.get("SLUICE_CONFIG"):
        invocation.config = Path(given)


def _verbose(ctx: click.Context, _param: click.Parameter, times: int) -> None:
    ctx.ensure_object(Invocation).verbosity += times
