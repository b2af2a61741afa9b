"""The command line: `sluice`."""

from worker.cli.group import main

__all__ = ["main"]
