"""Writes the README's generated tables anew: `python -m tests.readme`."""

from __future__ import annotations

import re
from pathlib import Path

from worker.ops.keys import events_table, settings_tables

README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    """Replace what stands between the marks."""
    text = README.read_text()
    for command, table in (("sluice keys", settings_tables()), ("sluice keys --events", events_table())):
        marks = rf"(<!-- generated: {command} -->\n).*?(<!-- end -->)"
        text = re.sub(marks, lambda found, table=table: f"{found[1]}{table.strip()}\n{found[2]}", text, flags=re.DOTALL)
    README.write_text(text)


if __name__ == "__main__":
    main()
