"""Writes the generated parts of docs/deploy.md anew: `python -m tests.deploypage`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from deploy.ecs.advice import ADVICE
from worker.ops.load import Load, spread
from worker.ops.plan import plan
from worker.ops.plantable import as_table
from worker.ops.prices import Prices
from worker.settings import load
from worker.settings.platform import MARK

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "deploy.md"
TOPOLOGY = ROOT / "examples" / "outbound-messaging" / "sluice.toml"
_A_DAY = 1_000_000 / 86_400  # messages a second


def parts() -> Mapping[str, str]:
    """What stands between the marks, by its name."""
    return {"alarms": _alarms(), "costs": _costs()}


def between(text: str, name: str) -> str:
    """What stands there now."""
    found = re.search(_marks(name), text, flags=re.DOTALL)
    assert found, name
    return found[2].strip()


def _alarms() -> str:
    rows = [f"| `{name}` | {advice} |" for name, advice in ADVICE.items()]
    return "\n".join(["| alarm | |", "|---|---|", *rows])


def _costs() -> str:
    topology = load(TOPOLOGY, environ={MARK: "plan"})
    coming = spread([("", _A_DAY)], topology)
    return f"```\n{as_table(plan(topology, Load(coming, {}, {}), Prices.load(None)))}\n```"


def _marks(name: str) -> str:
    return rf"(<!-- generated: python -m tests.deploypage {name} -->\n)(.*?)(<!-- end -->)"


def main() -> None:
    """Replace what stands between the marks."""
    text = PAGE.read_text()
    for name, part in parts().items():
        text = re.sub(_marks(name), lambda found, part=part: f"{found[1]}{part}\n{found[3]}", text, flags=re.DOTALL)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
