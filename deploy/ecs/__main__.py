"""`python -m deploy.ecs`: synthesises every committed template; with --check they must be current, and clean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from deploy.ecs.node import use_node
from deploy.ecs.reading import read

use_node()

from deploy.ecs.nag import findings  # noqa: E402 - the import starts Node
from deploy.ecs.template import synthesise  # noqa: E402

_ROOT = Path(__file__).parents[2]
_COMMITTED = ("examples/*/stack.json", "tests/e2e/*/stack.json")  # each beside its sluice.toml
_SHOWN = 40  # lines of a diff
_WIDTH = 300  # characters of each


def main() -> int:
    """Write each template anew, or check it; returns the exit code."""
    committed = sorted(path for pattern in _COMMITTED for path in _ROOT.glob(pattern))
    if sys.argv[1:] != ["--check"]:
        for path in committed:
            path.write_text(_synthesised(path), "utf-8")
        return 0
    faults = [fault for path in committed for fault in _faults(path)]
    print("\n".join(faults) or f"{len(committed)} templates are current, and clean by cdk-nag")  # noqa: T201 - a command
    return 1 if faults else 0


def _faults(path: Path) -> Iterator[str]:
    now, then = _synthesised(path).splitlines(), path.read_text("utf-8").splitlines()
    if now != then:
        yield f"{path.relative_to(_ROOT)} is not current; run: python -m deploy.ecs"
        difference = list(unified_diff(then, now, "committed", "now", n=0, lineterm=""))
        yield from (line[:_WIDTH] for line in difference[:_SHOWN])
    for finding in findings(*read(path.with_name("sluice.toml"))):
        yield f"{path.relative_to(_ROOT)}: {finding}"


def _synthesised(path: Path) -> str:
    return synthesise(*read(path.with_name("sluice.toml")))


if __name__ == "__main__":
    sys.exit(main())
