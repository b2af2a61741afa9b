"""Where all rows of a run are watched: an emulator for one worker, an AWS with tables for fleets, the vendor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.limit.vendor import Desk
from worker.local.stack import EmbeddedAws

_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Open for as long as a run lasts."""

    emulator: str  # the endpoint of one that is fast
    stack: EmbeddedAws
    vendor: str  # its endpoint

    def prefix(self, row: str) -> str:
        """Of all AWS names of a row."""
        return "limit-" + _NO_WORD.sub("-", row)

    def desk(self, name: str) -> Desk:
        """A desk at the vendor, for whoever is counted apart."""
        return Desk(f"{self.vendor}/{_NO_WORD.sub('-', name.lower())}")
