"""What one topology's programs accessed, as those of another would have: by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.privilege.policy import Access
from worker.model.names import Names
from worker.settings import Topology


class Renaming:
    """Every vendor of the one becomes this vendor of the other; topic, bucket, table and namespace are those of all."""

    def __init__(self, played: Topology, told: Topology, vendor: str) -> None:
        entry, old, new = told.vendors[vendor], Names(played.sluice.name), Names(told.sluice.name)
        self._names = {
            **{old.queue(each): new.queue(vendor) for each in played.vendors},
            **{f"#{each}#": f"#{vendor}#" for each in played.vendors},  # in keys of items
            **{f"SCALER#{each}#": f"SCALER#{entry.pool}#" for each in played.pools},
            **{f"secret:{each.secret}": f"secret:{entry.secret}" for each in played.vendors.values()},
            old.topic(played.sluice.topic): new.topic(entry.topic or told.sluice.topic),
            old.metrics: new.metrics,
            f"{old.prefix}-": f"{new.prefix}-",
        }
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def all(self, accesses: Iterable[Access]) -> frozenset[Access]:
        """All of them, renamed."""
        return frozenset(self._one(access) for access in accesses)

    def _one(self, access: Access) -> Access:
        context = tuple((key, tuple(map(self._text, values))) for key, values in access.context)
        return Access(access.action, self._text(access.resource), context)

    def _text(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._names[found[0]], text)
