"""docs/limits.md: what is generated is current."""

from __future__ import annotations

import re

from tests.limits import PAGE, costs


def test_the_table_of_costs_is_current() -> None:
    """Write it anew with `python -m tests.limits` after a change of how send times are asked for.

    Slow, some seconds: it watches fourteen fleets.
    """
    found = re.search(r"<!-- generated: python -m tests.limits -->\n(.*?)<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found
    assert found[1].strip() == costs()
