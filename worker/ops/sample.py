"""A command that publishes to a topology, to be pasted and changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from worker.settings import Topology, VendorSettings

_USUAL = Path("sluice.toml")


def publish_line(topology: Topology, file: Path | None) -> str:
    """Publish something that the first vendor's filter lets through, as far as plain texts can say it.

    `file` is the topology's, as seen from where the command will run; None: a variable holds it.
    """
    first = next(iter(topology.vendors.values()))
    where = () if file in (None, _USUAL) else ("-c", str(file))
    return shlex.join(("sluice", "publish", *where, '{"hello": "world"}', *_attributes(first)))


def _attributes(vendor: VendorSettings) -> Iterator[str]:
    if vendor.filter_scope == "body":
        return
    for name, wanted in (vendor.filter or {}).items():
        texts = [each for each in wanted if isinstance(each, str)]
        yield from ("-a", f"{name}={texts[0] if texts else 'VALUE'}")
