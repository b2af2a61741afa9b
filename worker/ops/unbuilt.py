"""Settings whose feature this version does not have: refused, never silently ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.ops.finding import Finding, error
from worker.settings import VendorSettings

_PAYLOAD_FIELD = re.compile(r"\{[^{}]*\}")
_TABLE = ", and will need the state table ([sluice] table)"


def unbuilt(place: str, entry: VendorSettings) -> Iterator[Finding]:
    """Name what an entry asks for and would not get; `place` is its table."""
    if entry.share != "one":
        yield error(
            f"{place} share",
            f'"{entry.share}" is not built in this version{_TABLE}',
            'write share = "one" and run one task, or give each task its part of the rate',
        )
    if entry.limit_key is not None:
        yield error(
            f"{place} limit_key",
            f"a limit shared by entries is not built in this version{_TABLE}",
            "leave it out and give each entry its part of the limit",
        )
    if entry.adaptive:
        yield error(
            f"{place} adaptive",
            "is not built in this version",
            "leave it out: a throttled vendor is still left alone for as long as it asks",
        )
    if entry.max_connections is not None:
        yield error(
            f"{place} max_connections",
            "is not built in this version",
            "leave it out: concurrency bounds the requests of each task",
        )
    if entry.secret is not None and _PAYLOAD_FIELD.search(entry.secret):
        yield error(
            f"{place} secret",
            f'"{entry.secret}": payload fields in a secret\'s name are not built in this version',
            "write one entry for each secret",
        )
