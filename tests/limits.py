"""Writes the tables of docs/limits.md anew: `python -m tests.limits`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.fleet import watch
from worker.ops.table import markdown

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"

_STEADY = 20.0  # seconds after which a fleet that was started at once is at work
_WRITE, _READ = 0.625, 0.125  # dollars a million: DynamoDB on demand, us-east-1, since November 2024
_FLEETS = [("80/s", 8), ("80/s", 2), ("50/s", 8), ("1000/s", 8), ("600/min", 8), ("600/min", 2), ("1/s", 8)]


def main() -> None:
    """Replace what stands between the marks."""
    text = PAGE.read_text()
    marks = r"(<!-- generated: python -m tests.limits -->\n).*?(<!-- end -->)"
    PAGE.write_text(re.sub(marks, lambda found: f"{found[1]}{costs()}\n{found[2]}", text, flags=re.DOTALL))


def costs() -> str:
    """What eight tasks, or two, that always have work use of a limit, and what they ask the table, in virtual time."""
    head = ("limit", "tasks", "use", "writes a message", "reads a message", "dollars a million messages")
    return markdown([head, *(_row(rate, tasks) for rate, tasks in _FLEETS)])


def _row(rate: str, tasks: int) -> tuple[str, ...]:
    seconds = 40.0 if rate == "1000/s" else 200.0
    seen, start = watch(rate, tasks, seconds), watch(rate, tasks, _STEADY)
    sent = len(seen.fleet.sent) - len(start.fleet.sent)
    writes = (seen.answers["granted"] - start.answers["granted"]) / sent
    reads = sum(seen.answers[answer] - start.answers[answer] for answer in ("later", "state")) / sent
    use = seen.use(_STEADY, seconds)
    return (
        rate,
        str(tasks),
        f"{use:.0%}",
        f"{writes:.2f}",
        f"{reads:.2f}",
        f"{writes * _WRITE + reads * _READ:.2f}",
    )


if __name__ == "__main__":
    main()
